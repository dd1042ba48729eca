public import Faults

/// The structural similarity index of Wang, Bovik, Sheikh and Simoncelli (IEEE TIP 13(4), 2004), slice by slice.
///
/// A 7x7 window of equal weights with sample variances, K1 = 0.01, K2 = 0.03, averaged over every window that lies inside
/// the slice (scikit-image's defaults), then over slices.
public enum StructuralSimilarity {
    static let window = 7

    /// The mean index of two volumes of one shape over every slice of `box`; nil when a slice is smaller than the window.
    /// - Parameter peak: the reference's greatest minus least value.
    /// - Throws: `VolumeError.Code.shapesDiffer`.
    public static func mean(_ reference: Volume, _ candidate: Volume, box: Box? = nil, peak: Double) throws(VolumeError) -> Double?
    {
        guard reference.shape == candidate.shape else {
            throw VolumeError(.shapesDiffer, "volumes of \(reference.shape) and \(candidate.shape) cannot be compared")
        }
        let shape = reference.shape
        let box = box ?? shape.box
        guard box.x.count >= window, box.y.count >= window, shape.box.contains(box) else { return nil }
        let a = reference.doubles()
        let b = candidate.doubles()
        var sum = 0.0
        var count = 0
        for time in 0..<shape.timepoints {
            for z in box.z {
                let start = (time * shape.slices + z) * shape.sliceVoxelCount
                sum += sliceMean(a, b, from: start, columns: shape.columns, box: box, peak: peak == 0 ? 1 : peak)
                count += 1
            }
        }
        return sum / Double(count)
    }

    /// Window sums slide along columns and rows, so each voxel is added and taken away once an axis.
    private static func sliceMean(_ a: [Double], _ b: [Double], from start: Int, columns: Int, box: Box, peak: Double) -> Double {
        let width = box.x.count
        let c1 = (0.01 * peak) * (0.01 * peak)
        let c2 = (0.03 * peak) * (0.03 * peak)
        let n = Double(window * window)
        let unbias = n / (n - 1)
        var columnSums = [SIMD8<Double>](repeating: .zero, count: width)
        func moments(_ x: Int, _ y: Int) -> SIMD8<Double> {
            let index = start + y * columns + box.x.lowerBound + x
            let p = a[index]
            let q = b[index]
            return SIMD8(p, q, p * p, q * q, p * q, 0, 0, 0)
        }
        var total = 0.0
        var windows = 0
        for (row, y) in box.y.enumerated() {
            for x in 0..<width {
                columnSums[x] += moments(x, y)
                if row >= window { columnSums[x] -= moments(x, y - window) }
            }
            guard row >= window - 1 else { continue }
            var sums = SIMD8<Double>.zero
            for x in 0..<width {
                sums += columnSums[x]
                if x >= window { sums -= columnSums[x - window] }
                guard x >= window - 1 else { continue }
                let m = sums / n
                let varianceA = unbias * (m[2] - m[0] * m[0])
                let varianceB = unbias * (m[3] - m[1] * m[1])
                let covariance = unbias * (m[4] - m[0] * m[1])
                total +=
                    ((2 * m[0] * m[1] + c1) * (2 * covariance + c2))
                    / ((m[0] * m[0] + m[1] * m[1] + c1) * (varianceA + varianceB + c2))
                windows += 1
            }
        }
        return total / Double(windows)
    }
}
