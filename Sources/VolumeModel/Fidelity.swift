public import Faults

/// Measure of how near one volume is to another, in stored units.
public struct Fidelity: Sendable, Equatable {
    /// Voxels compared.
    public var voxelCount = 0
    /// The greatest absolute difference; infinite where only one side is finite.
    public var maxAbsoluteError = 0.0
    /// The sum of squared differences.
    public var squaredErrorSum = 0.0
    /// Voxels that are infinite or not a number on either side. ``finiteMaxAbsoluteError`` and ``finiteMeanSquaredError`` leave them out.
    public var nonfiniteVoxelCount = 0
    /// The greatest absolute difference of voxels that are finite on both sides.
    public var finiteMaxAbsoluteError = 0.0
    /// The sum of squared differences of the same.
    public var finiteSquaredErrorSum = 0.0
    /// True when every stored bit agrees, not-a-number payloads and negative zeros included.
    public var identicalVoxels = true

    /// Nothing compared yet.
    public init() {}

    /// Mean squared error.
    public var meanSquaredError: Double { voxelCount == 0 ? 0 : squaredErrorSum / Double(voxelCount) }

    /// Mean squared error of the voxels that are finite on both sides.
    public var finiteMeanSquaredError: Double {
        voxelCount == nonfiniteVoxelCount ? 0 : finiteSquaredErrorSum / Double(voxelCount - nonfiniteVoxelCount)
    }

    /// Counts a voxel by its values on both sides.
    public mutating func add(_ reference: Double, _ candidate: Double, isIdentical: Bool) {
        voxelCount += 1
        let isFinite = reference.isFinite && candidate.isFinite
        if !isFinite { nonfiniteVoxelCount += 1 }
        guard !isIdentical else { return }
        identicalVoxels = false
        let difference = abs(reference - candidate)
        guard isFinite, difference.isFinite else {
            maxAbsoluteError = .infinity
            squaredErrorSum = .infinity
            return
        }
        maxAbsoluteError = max(maxAbsoluteError, difference)
        squaredErrorSum += difference * difference
        finiteMaxAbsoluteError = max(finiteMaxAbsoluteError, difference)
        finiteSquaredErrorSum += difference * difference
    }

    /// Adds what was found over other voxels.
    public mutating func add(_ other: Fidelity) {
        voxelCount += other.voxelCount
        nonfiniteVoxelCount += other.nonfiniteVoxelCount
        maxAbsoluteError = max(maxAbsoluteError, other.maxAbsoluteError)
        squaredErrorSum += other.squaredErrorSum
        finiteMaxAbsoluteError = max(finiteMaxAbsoluteError, other.finiteMaxAbsoluteError)
        finiteSquaredErrorSum += other.finiteSquaredErrorSum
        identicalVoxels = identicalVoxels && other.identicalVoxels
    }

    /// Peak signal-to-noise ratio in dB of the voxels that are finite on both sides, against a range that outliers do not widen;
    /// infinite when there is no error.
    public func psnr(against range: RobustRange) -> Double { decibels(peak: range.span, meanSquaredError: finiteMeanSquaredError) }

    /// Peak signal-to-noise ratio in dB; infinite when there is no error.
    /// - Parameter peak: the reference volume's greatest minus least value.
    public func psnr(peak: Double) -> Double { decibels(peak: peak, meanSquaredError: meanSquaredError) }

    /// Compares two volumes of one shape and type.
    /// - Parameters:
    ///   - box: where; nil for everywhere. Applies to every time point.
    ///   - mask: where besides; nil for everywhere.
    /// - Throws: `VolumeError.Code.shapesDiffer`.
    public static func compare(_ reference: Volume, _ candidate: Volume, box: Box? = nil, mask: Mask? = nil) throws(VolumeError)
        -> Fidelity
    {
        guard reference.shape == candidate.shape, reference.voxelType == candidate.voxelType else {
            throw VolumeError(
                .shapesDiffer,
                "a \(reference.shape) volume of \(reference.voxelType) and a \(candidate.shape) one of \(candidate.voxelType) "
                    + "cannot be compared voxel by voxel")
        }
        let shape = reference.shape
        let box = box ?? shape.box
        guard shape.box.contains(box) else { throw VolumeError(.invalidBox, "box \(box) reaches out of the volume's \(shape)") }
        if let mask, mask.shape.columns != shape.columns || mask.shape.rows != shape.rows || mask.shape.slices != shape.slices {
            throw VolumeError(.shapesDiffer, "a mask of \(mask.shape) does not fit a volume of \(shape)")
        }
        var comparer = Comparer(reference: reference, candidate: candidate, box: box, mask: mask)
        return reference.voxelType.accept(&comparer)
    }

    private struct Comparer: VoxelVisitor {
        let reference: Volume
        let candidate: Volume
        let box: Box
        let mask: Mask?

        func visit<V: Voxel>(_ type: V.Type) -> Fidelity {
            let shape = reference.shape
            var result = Fidelity()
            reference.withVoxels(as: type) { a in
                candidate.withVoxels(as: type) { b in
                    for time in 0..<shape.timepoints {
                        for z in box.z {
                            for y in box.y {
                                let slab = z * shape.sliceVoxelCount + y * shape.columns
                                let start = time * shape.slices * shape.sliceVoxelCount + slab
                                for x in box.x where mask.map({ $0.bits[slab + x] != 0 }) ?? true {
                                    result.add(a[start + x], b[start + x])
                                }
                            }
                        }
                    }
                }
            }
            return result
        }
    }

    private mutating func add<V: Voxel>(_ a: V, _ b: V) {
        let same = withUnsafeBytes(of: a) { a in withUnsafeBytes(of: b) { b in a.elementsEqual(b) } }
        add(a.doubleValue, b.doubleValue, isIdentical: same)
    }
}
