package import VolumeModel
package import WireFormat

/// Between stored values and the samples of the base layers, linear from the volume's least value to its greatest, or to a knee and from there on.
///
/// Back from samples it gives the same bits on every machine: whole numbers for integer types, and for floating-point types single
/// IEEE 754 operations in a fixed order.
package struct SampleMap: Sendable, Equatable {
    /// The stored value of sample 0.
    package let low: Double
    /// The stored value of the greatest sample.
    package let high: Double
    /// The greatest sample.
    package let maxSample: UInt16
    /// Point where samples become coarser; nil when they are even.
    package let knee: Knee?
    /// Storage type of the voxels.
    package let voxelType: VoxelType
    /// The bits of the stored value each sample stands for.
    package let storedBits: [UInt64]

    /// Makes a map.
    /// - Parameters:
    ///   - low: the volume's least finite value.
    ///   - high: its greatest, not below `low`.
    package init(low: Double, high: Double, bitDepth: Int, knee: Knee? = nil, voxelType: VoxelType) {
        self.low = low
        self.high = high
        self.voxelType = voxelType
        self.knee = knee
        let greatest = (1 << bitDepth) - 1
        maxSample = UInt16(greatest)
        let bend = knee ?? Knee(sample: UInt16(greatest), value: high)
        let bendSample = Int(bend.sample)
        storedBits = (0...greatest).map { sample in
            sample <= bendSample
                ? Self.bits(low, bend.value, sample, bendSample, voxelType)
                : Self.bits(bend.value, high, sample - bendSample, greatest - bendSample, voxelType)
        }
    }

    private static func bits(_ low: Double, _ high: Double, _ sample: Int, _ greatest: Int, _ type: VoxelType) -> UInt64 {
        switch type {
        case .float32: UInt64(Float(blend(low, high, sample, greatest)).bitPattern)
        case .float64: blend(low, high, sample, greatest).bitPattern
        case .int64: UInt64(bitPattern: Int64(nearest: blend(low, high, sample, greatest)))
        case .uint64: UInt64(nearest: blend(low, high, sample, greatest))
        default: integerBits(low, high, sample, greatest, type)
        }
    }

    /// Weighted from both ends, since their difference may be beyond what a double holds.
    private static func blend(_ low: Double, _ high: Double, _ sample: Int, _ greatest: Int) -> Double {
        let t = Double(sample) / Double(greatest)
        return low * (1 - t) + high * t
    }

    private static func integerBits(_ low: Double, _ high: Double, _ sample: Int, _ greatest: Int, _ type: VoxelType) -> UInt64 {
        // Both ends are values of the type, so whole numbers of at most 32 bits.
        let first = Int64(low)
        let last = Int64(high)
        let value = first + (Int64(sample) * (last - first) + Int64(greatest) / 2) / Int64(greatest)
        return UInt64(bitPattern: value) & ((1 << UInt64(type.byteCount * 8)) - 1)
    }

    /// The stored value a sample stands for.
    package func value(of sample: UInt16) -> Double { StoredValue.double(storedBits[Int(min(sample, maxSample))], voxelType) }

    /// The sample nearest to a stored value.
    func sample(of value: Double) -> UInt16 {
        let segments = Segments(self)
        return value.isFinite ? segments.sample(of: value) : 0
    }

    /// The two lines, or the one, by halves: those keep the range of the widest doubles finite.
    private struct Segments {
        let halfLow: Double
        let halfBend: Double
        let bend: Double
        let lowerScale: Double
        let upperScale: Double
        let greatest: Double

        init(_ map: SampleMap) {
            greatest = Double(map.maxSample)
            bend = map.knee.map { Double($0.sample) } ?? greatest
            halfLow = map.low / 2
            halfBend = (map.knee?.value ?? map.high) / 2
            lowerScale = halfBend > halfLow ? bend / (halfBend - halfLow) : 0
            let halfHigh = map.high / 2
            upperScale = halfHigh > halfBend ? (greatest - bend) / (halfHigh - halfBend) : 0
        }

        /// 0 for what is not a number.
        @inline(__always)
        func sample(of value: Double) -> UInt16 {
            let half = value / 2
            let sample = half <= halfBend ? (half - halfLow) * lowerScale + 0.5 : bend + (half - halfBend) * upperScale + 0.5
            return sample >= 0 && sample <= greatest + 0.5 ? UInt16(sample) : sample > greatest ? UInt16(greatest) : 0
        }
    }

    /// The samples of a box: slices x rows x columns. Values that are not finite become sample 0.
    package func samples(of volume: Volume, in box: StackedBox) -> [UInt16] {
        var sampler = Sampler(map: self, volume: volume, box: box)
        return voxelType.accept(&sampler)
    }

    private struct Sampler: VoxelVisitor {
        let map: SampleMap
        let volume: Volume
        let box: StackedBox

        func visit<V: Voxel>(_ type: V.Type) -> [UInt16] {
            let segments = Segments(map)
            return volume.withVoxels(as: type) { voxels in
                [UInt16](unsafeUninitializedCapacity: box.voxelCount) { output, filled in
                    var position = 0
                    forEachRow(of: box, in: volume.shape) { row in
                        for index in row {
                            output[position] = segments.sample(of: voxels[index].doubleValue)
                            position += 1
                        }
                    }
                    filled = position
                }
            }
        }
    }
}

/// Calls `body` with the memory range of every row of a box, in order.
@inline(__always)
package func forEachRow(of box: StackedBox, in shape: Shape, _ body: (Range<Int>) throws -> Void) rethrows {
    for z in box.z {
        for y in box.y {
            let start = (z * shape.rows + y) * shape.columns
            try body(start + box.x.lowerBound..<start + box.x.upperBound)
        }
    }
}
