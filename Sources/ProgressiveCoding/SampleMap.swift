public import VolumeModel

/// Between stored values and the samples of the base layers, linear from the volume's least value to its greatest.
///
/// Back from samples it gives the same bits on every machine: whole numbers for integer types, and for floating-point types single
/// IEEE 754 operations in a fixed order.
public struct SampleMap: Sendable, Equatable {
    /// The stored value of sample 0.
    public let low: Double
    /// The stored value of the greatest sample.
    public let high: Double
    /// The greatest sample.
    public let greatestSample: UInt16
    /// How voxels are stored.
    public let voxelType: VoxelType
    /// The bits of the stored value each sample stands for.
    public let storedBits: [UInt64]

    /// Makes a map.
    /// - Parameters:
    ///   - low: the volume's least finite value.
    ///   - high: its greatest, not below `low`.
    public init(low: Double, high: Double, bitDepth: Int, voxelType: VoxelType) {
        self.low = low
        self.high = high
        self.voxelType = voxelType
        let greatest = (1 << bitDepth) - 1
        greatestSample = UInt16(greatest)
        storedBits = (0...greatest).map { sample in
            switch voxelType {
            case .float32: UInt64(Float(Self.blend(low, high, sample, greatest)).bitPattern)
            case .float64: Self.blend(low, high, sample, greatest).bitPattern
            default: Self.integerBits(low, high, sample, greatest, voxelType)
            }
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
        let mask: UInt64 = type.byteCount == 8 ? .max : (1 << UInt64(type.byteCount * 8)) - 1
        return UInt64(bitPattern: value) & mask
    }

    /// The stored value a sample stands for.
    public func value(of sample: UInt16) -> Double { StoredBits.value(storedBits[Int(min(sample, greatestSample))], voxelType) }

    /// The sample nearest to a stored value.
    func sample(of value: Double) -> UInt16 {
        let halfRange = high / 2 - low / 2
        guard halfRange > 0, value.isFinite else { return 0 }
        return UInt16(max(0, min(Double(greatestSample), ((value / 2 - low / 2) / halfRange * Double(greatestSample)).rounded())))
    }

    /// The samples of a box, z over stacked slices: slices x rows x columns. Values that are not finite become sample 0.
    public func samples(of volume: Volume, in box: Box) -> [UInt16] {
        var sampler = Sampler(map: self, volume: volume, box: box)
        return voxelType.accept(&sampler)
    }

    private struct Sampler: VoxelVisitor {
        let map: SampleMap
        let volume: Volume
        let box: Box

        func visit<V: Voxel>(_ type: V.Type) -> [UInt16] {
            let greatest = Double(map.greatestSample)
            // Halves keep the range of the widest doubles finite.
            let halfLow = map.low / 2
            let halfRange = map.high / 2 - halfLow
            let scale = halfRange > 0 ? greatest / halfRange : 0
            return volume.withVoxels(as: type) { voxels in
                [UInt16](unsafeUninitializedCapacity: box.voxelCount) { output, filled in
                    var position = 0
                    forEachRow(of: box, in: volume.shape) { row in
                        for index in row {
                            let sample = (voxels[index].doubleValue / 2 - halfLow) * scale + 0.5
                            output[position] =
                                sample >= 0 && sample <= greatest + 0.5 ? UInt16(sample) : sample > greatest ? UInt16(greatest) : 0
                            position += 1
                        }
                    }
                    filled = position
                }
            }
        }
    }
}

/// Stored values as their bits in the low bytes of 64.
enum StoredBits {
    static func value(_ bits: UInt64, _ type: VoxelType) -> Double {
        switch type {
        case .int8: Double(Int8(truncatingIfNeeded: bits))
        case .uint8: Double(UInt8(truncatingIfNeeded: bits))
        case .int16: Double(Int16(truncatingIfNeeded: bits))
        case .uint16: Double(UInt16(truncatingIfNeeded: bits))
        case .int32: Double(Int32(truncatingIfNeeded: bits))
        case .uint32: Double(UInt32(truncatingIfNeeded: bits))
        case .float32: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case .float64: Double(bitPattern: bits)
        }
    }
}

/// Calls `body` with the memory range of every row of a box, z over stacked slices, in order.
@inline(__always)
func forEachRow(of box: Box, in shape: Shape, _ body: (Range<Int>) throws -> Void) rethrows {
    for z in box.z {
        for y in box.y {
            let start = (z * shape.rows + y) * shape.columns
            try body(start + box.x.lowerBound..<start + box.x.upperBound)
        }
    }
}
