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
    /// - Parameter isBody: 1 where the grid has body.
    func verdict(_ kept: Kept, isBody: [UInt8]) -> Finding.Verdict {
        let bodyCount = isBody.reduce(0) { $0 + Int($1) }
        let share = Double(kept.pixelCount) / Double(max(1, bodyCount))
        guard kept.certainty >= description.unsureBelow, share <= description.unsureAboveBodyFraction else { return .unsure }
        guard description.unsureAboveSymmetry < 1, description.axis != .sagittal else { return .found }
        return symmetry(kept, isBody) > description.unsureAboveSymmetry ? .unsure : .found
    }

    /// The share of what was kept that has its counterpart on the other side: what is bright and healthy comes in pairs, tumours seldom do.
    ///
    /// The middle is the mean column of the body; a counterpart is a kept pixel, or one beside it.
    private func symmetry(_ kept: Kept, _ isBody: [UInt8]) -> Double {
        let (slices, rows, columns) = (grid.counts[0], grid.counts[1], grid.counts[2])
        var (sum, count) = (0.0, 0)
        for index in isBody.indices where isBody[index] != 0 {
            sum += Double(index % columns)
            count += 1
        }
        let middle = sum / Double(max(1, count))
        func isKept(_ slice: Int, _ row: Int, _ column: Int) -> Bool {
            slice >= 0 && slice < slices && row >= 0 && row < rows && column >= 0 && column < columns
                && kept.bits[(slice * rows + row) * columns + column] != 0
        }
        var paired = 0
        for index in kept.bits.indices where kept.bits[index] != 0 {
            let (slice, row) = (index / columns / rows, index / columns % rows)
            let mirrored = (2 * middle - Double(index % columns)).rounded(.toNearestOrEven)
            let column = Int(max(0, min(Double(columns - 1), mirrored)))
            if isKept(slice, row, column) || isKept(slice - 1, row, column) || isKept(slice + 1, row, column)
                || isKept(slice, row - 1, column) || isKept(slice, row + 1, column) || isKept(slice, row, column - 1)
                || isKept(slice, row, column + 1)
            {
                paired += 1
            }
        }
        return Double(paired) / Double(max(1, kept.pixelCount))
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
