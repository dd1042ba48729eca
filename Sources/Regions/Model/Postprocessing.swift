internal import VolumeModel

/// From probabilities on a model's grid to a mask on the voxels of the volume.
struct Postprocessing {
    let description: ModelDescription
    let grid: PixelGrid
    let shape: Shape

    /// Parts that were kept, before they are brought to voxels.
    struct Kept {
        /// On the grid; 0 where a part was dropped.
        let probabilities: [Float]
        let bits: PagedArray<UInt8>
        /// The box of what was kept, on the grid.
        let box: Box
        let certainty: Double
        let pixelCount: Int
    }

    /// Keeps the largest part and what is not much smaller.
    func keep(_ probabilities: [Float]) throws(VolumeError) -> Kept? {
        let gridShape = try Shape(columns: grid.counts[2], rows: grid.counts[1], slices: grid.counts[0])
        let above = try Mask(shape: gridShape, bits: probabilities.map { $0 > description.threshold ? 1 : 0 })
        let parts = ConnectedComponents.find(in: above, connectivity: description.connectivity)
        let largest = Double(parts.components.map(\.voxelCount).max() ?? 0)
        let kept = parts.components.filter {
            Double($0.voxelCount) >= description.keepFraction * largest
                && Double($0.voxelCount) * grid.millilitres >= description.minimumMillilitres
        }
        guard let first = kept.first else { return nil }
        let bits = try parts.bits(of: kept)
        var sum = 0.0
        var count = 0
        var cleaned = probabilities
        for index in cleaned.indices {
            if bits[index] != 0 {
                sum += Double(cleaned[index])
                count += 1
            } else if above.bits[index] != 0 {
                // Interpolation must not bring a dropped part back.
                cleaned[index] = 0
            }
        }
        return Kept(
            probabilities: cleaned, bits: bits, box: kept.dropFirst().reduce(first.box) { $0.union($1.box) },
            certainty: sum / Double(count), pixelCount: count)
    }

    /// Decides whether a finding is worth relying on.
    func verdict(_ kept: Kept, bodyPixelCount: Int) -> Finding.Verdict {
        let share = Double(kept.pixelCount) / Double(max(1, bodyPixelCount))
        return kept.certainty >= description.unsureBelow && share <= description.unsureAboveBodyFraction ? .found : .unsure
    }

    /// The voxels whose probability, interpolated linearly between the pixels' centres, is above the threshold.
    func mask(_ kept: Kept) throws(VolumeError) -> Mask {
        var bits = try PagedArray<UInt8>(zeros: shape.sliceVoxelCount * shape.slices)
        let (strides, origin) = grid.addressing(shape)
        let (rows, columns) = (grid.counts[1], grid.counts[2])
        let ranges = [kept.box.z, kept.box.y, kept.box.x]
        // Where the voxels near what was kept lie among the pixels.
        let places = (0..<3).map { axis -> [(voxel: Int, place: LinearPlace)] in
            grid.spans[axis].compactMap { voxel in
                let place = LinearPlace(
                    voxel: voxel - grid.spans[axis].lowerBound, step: grid.steps[axis], count: grid.counts[axis])
                return place.high >= ranges[axis].lowerBound && place.low < ranges[axis].upperBound ? (voxel, place) : nil
            }
        }
        var plane = [Float](repeating: 0, count: rows * columns)
        var line = [Float](repeating: 0, count: columns)
        try kept.probabilities.withUnsafeBufferPointer { pixels throws(VolumeError) in
            try bits.withUnsafeMutableBufferPointer { bits in
                for (z, slice) in places[0] {
                    let (low, high) = (slice.low * rows * columns, slice.high * rows * columns)
                    for index in 0..<rows * columns { plane[index] = slice.blend(pixels[low + index], pixels[high + index]) }
                    for (y, row) in places[1] {
                        let (above, below) = (row.low * columns, row.high * columns)
                        for column in ranges[2].lowerBound - 1...ranges[2].upperBound where column >= 0 && column < columns {
                            line[column] = row.blend(plane[above + column], plane[below + column])
                        }
                        let start = origin + z * strides[0] + y * strides[1]
                        for (x, column) in places[2]
                        where column.blend(line[column.low], line[column.high]) > description.threshold {
                            bits[start + x * strides[2]] = 1
                        }
                    }
                }
            }
        }
        return try Mask(shape: try Shape(columns: shape.columns, rows: shape.rows, slices: shape.slices), bits: bits)
    }
}
