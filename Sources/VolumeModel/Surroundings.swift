/// Finds what fills the outside of the body, and the box beyond which there is nothing else.
public struct Surroundings: Sendable, Equatable {
    /// The bits of the value most frequent along the rims of the slices.
    public let fill: UInt64
    /// Over the slices of one time point; nil when every voxel holds ``fill``.
    public let content: Box?

    /// Looks at a volume.
    public init(of volume: Volume) {
        var finder = Finder(volume: volume)
        self = volume.voxelType.acceptBits(&finder)
    }

    private init(fill: UInt64, content: Box?) {
        self.fill = fill
        self.content = content
    }

    private struct Finder: StoredBitsVisitor {
        let volume: Volume

        func visit<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(_ type: Bits.Type) -> Surroundings {
            volume.voxels.withUnsafeBytes { raw in
                let voxels = raw.bindMemory(to: type)
                let fill = mostFrequent(voxels)
                return Surroundings(fill: UInt64(fill), content: content(voxels, fill))
            }
        }

        private func mostFrequent<Bits: FixedWidthInteger>(_ voxels: UnsafeBufferPointer<Bits>) -> Bits {
            let shape = volume.shape
            var counts: [Bits: Int] = [:]
            for slice in 0..<shape.stackedSliceCount {
                let start = slice * shape.sliceVoxelCount
                for column in 0..<shape.columns {
                    counts[voxels[start + column], default: 0] += 1
                    counts[voxels[start + shape.sliceVoxelCount - 1 - column], default: 0] += 1
                }
                for row in 0..<shape.rows {
                    counts[voxels[start + row * shape.columns], default: 0] += 1
                    counts[voxels[start + (row + 1) * shape.columns - 1], default: 0] += 1
                }
                // Noise has no favourite: once there are this many values the winner does not matter.
                if counts.count > 1 << 16 { break }
            }
            return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 0
        }

        private func content<Bits: FixedWidthInteger>(_ voxels: UnsafeBufferPointer<Bits>, _ fill: Bits) -> Box? {
            let shape = volume.shape
            var x = (shape.columns, 0)
            var y = (shape.rows, 0)
            var z = (shape.slices, 0)
            for slice in 0..<shape.stackedSliceCount {
                for row in 0..<shape.rows {
                    let start = (slice * shape.rows + row) * shape.columns
                    var first = 0
                    while first < shape.columns, voxels[start + first] == fill { first += 1 }
                    guard first < shape.columns else { continue }
                    var end = shape.columns
                    while voxels[start + end - 1] == fill { end -= 1 }
                    x = (min(x.0, first), max(x.1, end))
                    y = (min(y.0, row), max(y.1, row + 1))
                    z = (min(z.0, shape.position(ofStacked: slice).slice), max(z.1, shape.position(ofStacked: slice).slice + 1))
                }
            }
            return x.0 < x.1 ? Box(uncheckedX: x.0..<x.1, y: y.0..<y.1, z: z.0..<z.1) : nil
        }
    }
}
