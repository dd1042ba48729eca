public import VolumeModel

/// A stand-in for a trained segmenter: what is brighter than its surroundings, and large.
///
/// Smoothed voxels above the mean plus 1.25 standard deviations of what is not fill; of those the largest connected part. It finds
/// many tumours on FLAIR, misses others, and takes any bright tissue for one.
public struct ThresholdSegmenter: Segmenter {
    public let name = "threshold"
    /// How many standard deviations above the mean.
    public let deviations: Double

    /// Makes a segmenter.
    public init(deviations: Double = 1.25) { self.deviations = deviations }

    /// The largest bright part; empty when there is none of at least 0.1 % of the voxels that are not fill.
    public func segment(_ volume: Volume) throws -> Mask {
        let shape = try Shape(columns: volume.shape.columns, rows: volume.shape.rows, slices: volume.shape.slices)
        let empty = try Mask(shape: shape, bits: [UInt8](repeating: 0, count: shape.voxelCount))
        let surroundings = Surroundings(of: volume)
        guard let content = surroundings.content else { return empty }
        var values = Field(of: volume, in: content)
        let inside = values.samples.map { $0 != values.fill }
        values.smooth()
        var sum = 0.0
        var squares = 0.0
        var count = 0.0
        for (index, value) in values.samples.enumerated() where inside[index] {
            sum += Double(value)
            squares += Double(value) * Double(value)
            count += 1
        }
        guard count > 0 else { return empty }
        let mean = sum / count
        let deviation = max(0, squares / count - mean * mean).squareRoot()
        let threshold = Float(mean + deviations * deviation)
        var bright = [UInt8](repeating: 0, count: shape.voxelCount)
        var source = 0
        for z in content.z {
            for y in content.y {
                for x in content.x {
                    if inside[source], values.samples[source] > threshold { bright[(z * shape.rows + y) * shape.columns + x] = 1 }
                    source += 1
                }
            }
        }
        let parts = ConnectedComponents.find(in: try Mask(shape: shape, bits: bright))
        guard let largest = parts.components.max(by: { $0.voxelCount < $1.voxelCount }), Double(largest.voxelCount) >= 0.001 * count
        else { return empty }
        return try Mask(shape: shape, bits: parts.bits(of: largest))
    }
}

/// A box of a volume as single-precision numbers: slices x rows x columns.
private struct Field {
    let box: Box
    let fill: Float
    var samples: [Float]

    init(of volume: Volume, in box: Box) {
        self.box = box
        var reader = Reader(volume: volume, box: box)
        samples = volume.voxelType.accept(&reader)
        // A voxel on the rim of the first slice lies outside the body where anything does.
        fill = reader.corner
    }

    private struct Reader: VoxelVisitor {
        let volume: Volume
        let box: Box
        var corner: Float = 0

        mutating func visit<V: Voxel>(_ type: V.Type) -> [Float] {
            let shape = volume.shape
            return volume.withVoxels(as: type) { voxels in
                corner = voxels[0].doubleValue.isFinite ? Float(voxels[0].doubleValue) : 0
                var samples: [Float] = []
                samples.reserveCapacity(box.voxelCount)
                for z in box.z {
                    for y in box.y {
                        let row = (z * shape.rows + y) * shape.columns
                        for x in box.x {
                            let value = Float(voxels[row + x].doubleValue)
                            samples.append(value.isFinite ? value : corner)
                        }
                    }
                }
                return samples
            }
        }
    }

    /// A Gaussian of one voxel's deviation along every axis, cut at three.
    mutating func smooth() {
        let weights: [Float] = [0.39905, 0.24203, 0.05401, 0.00443]
        for (length, stride) in [(box.x.count, 1), (box.y.count, box.x.count), (box.z.count, box.x.count * box.y.count)] {
            var output = samples
            samples.withUnsafeBufferPointer { input in
                output.withUnsafeMutableBufferPointer { output in
                    for index in 0..<input.count {
                        let position = index / stride % length
                        var sum = weights[0] * input[index]
                        for distance in 1...3 {
                            let before = position >= distance ? index - distance * stride : index - position * stride
                            let after =
                                position + distance < length ? index + distance * stride : index + (length - 1 - position) * stride
                            sum += weights[distance] * (input[before] + input[after])
                        }
                        output[index] = sum
                    }
                }
            }
            samples = output
        }
    }
}
