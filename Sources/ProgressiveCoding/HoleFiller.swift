internal import VolumeModel

/// Fills the region of interest's hole in the background so that the codec has nothing to code there.
enum HoleFiller {
    /// Replaces the samples of `hole` by a smooth surface between its rims: Laplace's equation, slice by slice.
    /// - Parameters:
    ///   - samples: slices x rows x columns of `box`.
    ///   - hole: what to fill, in the same coordinates as `box`.
    static func fillHarmonically(_ samples: inout [UInt16], of box: StackedBox, hole: StackedBox) {
        guard let hole = hole.intersection(box) else { return }
        samples.withUnsafeMutableBufferPointer { samples in
            for z in hole.z {
                let slice = (z - box.z.lowerBound) * box.y.count * box.x.count
                fillSlice(UnsafeMutableBufferPointer(rebasing: samples[slice..<slice + box.y.count * box.x.count]), box, hole)
            }
        }
    }

    static func fill(_ samples: inout [UInt16], of box: StackedBox, hole: StackedBox, with value: UInt16) {
        guard let hole = hole.intersection(box) else { return }
        for z in hole.z {
            for y in hole.y {
                let row = ((z - box.z.lowerBound) * box.y.count + y - box.y.lowerBound) * box.x.count - box.x.lowerBound
                for x in hole.x { samples[row + x] = value }
            }
        }
    }

    /// The hole and one voxel around it as a grid; the rim is fixed, and repeats the nearest fixed voxel beyond the box.
    private static func fillSlice(_ slice: UnsafeMutableBufferPointer<UInt16>, _ box: StackedBox, _ hole: StackedBox) {
        let width = hole.x.count + 2
        let height = hole.y.count + 2
        let x0 = hole.x.lowerBound - box.x.lowerBound
        let y0 = hole.y.lowerBound - box.y.lowerBound
        func outside(_ x: Int, _ y: Int) -> Float? {
            (0..<box.x.count).contains(x) && (0..<box.y.count).contains(y) ? Float(slice[y * box.x.count + x]) : nil
        }
        var left = (0..<height).map { outside(x0 - 1, y0 - 1 + $0) }
        var right = (0..<height).map { outside(x0 + hole.x.count, y0 - 1 + $0) }
        var top = (0..<width).map { outside(x0 - 1 + $0, y0 - 1) }
        var bottom = (0..<width).map { outside(x0 - 1 + $0, y0 + hole.y.count) }
        // A side at the box's edge has no rim: it takes the other side's, or the mean of what there is.
        let known = (left + right + top + bottom).compactMap { $0 }
        let mean = known.isEmpty ? 0 : known.reduce(0, +) / Float(known.count)
        for index in 0..<height {
            let l = left[index]
            let r = right[index]
            left[index] = l ?? r ?? mean
            right[index] = r ?? l ?? mean
        }
        for index in 0..<width {
            let t = top[index]
            let b = bottom[index]
            top[index] = t ?? b ?? mean
            bottom[index] = b ?? t ?? mean
        }
        var grid = [Float](repeating: 0, count: width * height)
        for y in 0..<height {
            for x in 0..<width {
                grid[y * width + x] =
                    y == 0
                    ? top[x] ?? mean
                    : y == height - 1
                        ? bottom[x] ?? mean
                        : x == 0
                            ? left[y] ?? mean
                            : x == width - 1 ? right[y] ?? mean : between(x, y, width, height, left, right, top, bottom, mean)
            }
        }
        relax(&grid, width, height)
        for y in hole.y {
            for x in hole.x {
                let value = grid[(y - hole.y.lowerBound + 1) * width + x - hole.x.lowerBound + 1]
                slice[(y - box.y.lowerBound) * box.x.count + x - box.x.lowerBound] = UInt16(max(0, value + 0.5))
            }
        }
    }

    /// A first guess: the four rims weighted by how near they are.
    @inline(__always)
    private static func between(
        _ x: Int, _ y: Int, _ width: Int, _ height: Int, _ left: [Float?], _ right: [Float?], _ top: [Float?], _ bottom: [Float?],
        _ mean: Float
    ) -> Float {
        let weights = SIMD4<Float>(1 / Float(x), 1 / Float(width - 1 - x), 1 / Float(y), 1 / Float(height - 1 - y))
        let values = SIMD4<Float>(left[y] ?? mean, right[y] ?? mean, top[x] ?? mean, bottom[x] ?? mean)
        return (weights * values).sum() / weights.sum()
    }

    /// Successive over-relaxation; from so near a guess a few sweeps leave less than the codec's quantiser sees.
    private static func relax(_ grid: inout [Float], _ width: Int, _ height: Int) {
        let factor: Float = 1.7
        grid.withUnsafeMutableBufferPointer { grid in
            for _ in 0..<24 {
                for y in 1..<height - 1 {
                    let row = y * width
                    for x in 1..<width - 1 {
                        let index = row + x
                        let average = (grid[index - 1] + grid[index + 1] + grid[index - width] + grid[index + width]) * 0.25
                        grid[index] += factor * (average - grid[index])
                    }
                }
            }
        }
    }
}
