import Faults
import Regions
import Testing
import VolumeModel

@Suite("A mask on a grid of its own")
struct MaskPlacementTests {
    private let affine = Affine(rows: [[-0.8, 0.1, 0, 40], [0.08, 1, 0, -30], [0, 0, 2, 15]])

    private func volume(_ columns: Int, _ rows: Int, _ slices: Int, _ affine: Affine, _ isMarked: (Int, Int, Int) -> Bool) throws
        -> Volume
    {
        let shape = try Shape(columns: columns, rows: rows, slices: slices)
        let voxels = (0..<shape.voxelCount).map { index -> UInt8 in
            isMarked(index % columns, index / columns % rows, index / columns / rows) ? 3 : 0
        }
        return try Volume(shape: shape, voxelType: .uint8, voxels: voxels, affine: affine)
    }

    private func finding(_ labels: Volume, on volume: Volume) throws -> Finding {
        try MaskFileSegmenter(labels: labels, path: "labels.nii").segment([Scan(volume, name: "flair.nii")])
    }

    @Test("In each of the 48 orders that its axes can have, a mask marks the same voxels of the patient, without a remark")
    func orders() throws {
        let isMarked = { (x: Int, y: Int, z: Int) in (2..<5).contains(x) && (6..<8).contains(y) && z == 1 || (x, y, z) == (0, 0, 2)
        }
        let volume = try volume(7, 9, 4, affine) { _, _, _ in true }
        let expected = try Mask(labels: self.volume(7, 9, 4, affine, isMarked))
        let sides = [7, 9, 4]
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            for flips in 0..<8 {
                // Axis a of the mask runs along axis order[a] of the volume, backwards where its bit is set.
                func place(_ index: [Int]) -> [Int] {
                    var place = [0, 0, 0]
                    for axis in 0..<3 {
                        place[order[axis]] = flips & 1 << axis == 0 ? index[axis] : sides[order[axis]] - 1 - index[axis]
                    }
                    return place
                }
                let rows = affine.rows.map { row -> [Double] in
                    var turned = [0.0, 0, 0, row[3]]
                    for axis in 0..<3 {
                        let isFlipped = flips & 1 << axis != 0
                        turned[axis] = isFlipped ? -row[order[axis]] : row[order[axis]]
                        if isFlipped { turned[3] += row[order[axis]] * Double(sides[order[axis]] - 1) }
                    }
                    return turned
                }
                let labels = try self.volume(sides[order[0]], sides[order[1]], sides[order[2]], Affine(rows: rows)) { x, y, z in
                    let place = place([x, y, z])
                    return isMarked(place[0], place[1], place[2])
                }
                let finding = try finding(labels, on: volume)
                #expect(finding.mask == expected, "\(order) \(flips)")
                #expect(finding.remark == nil)
            }
        }
    }

    @Test(
        "A finer or a coarser mask keeps what is thin, says that it is sampled, and covers nothing far off", arguments: [0.5, 2.2])
    func sampled(step: Double) throws {
        let volume = try volume(20, 20, 10, affine) { _, _, _ in true }
        let rows = affine.rows.map { row in row.prefix(3).map { $0 * step } + [row[3] + step * row[0] * 0.3] }
        let sides = [20, 20, 10].map { Int(Double($0) / step) }
        let line = sides[1] / 2
        let labels = try self.volume(sides[0], sides[1], sides[2], Affine(rows: rows)) { x, y, z in
            y == line && z == sides[2] / 2 && x > 1
        }
        let finding = try finding(labels, on: volume)
        let box = try #require(finding.mask.boundingBox)
        #expect(finding.remark?.contains("nearest voxels of flair.nii") == true)
        #expect(box.x.count >= 16 && box.y.count <= 3 && box.z.count <= 3, "\(box)")
        #expect(
            box.y.contains(Int((Double(line) * step).rounded())) && box.z.contains(Int((Double(sides[2] / 2) * step).rounded())))
    }

    @Test("A mask that lies partly outside says how much of it does; one that lies outside altogether is refused")
    func outside() throws {
        let volume = try volume(10, 10, 4, affine) { _, _, _ in true }
        func labels(_ millimetres: Double) throws -> Volume {
            var rows = affine.rows
            rows[2][3] += millimetres
            return try self.volume(10, 10, 4, Affine(rows: rows)) { x, y, _ in x == 3 && y == 4 }
        }
        let partly = try finding(labels(4), on: volume)
        #expect(partly.mask.voxelCount == 2)
        #expect(partly.remark?.contains("50 % of the mask lies outside flair.nii") == true, "\(partly.remark ?? "")")
        let error = #expect(throws: SegmentationError.self) { try finding(labels(40), on: volume) }
        #expect(error?.code == .placesDiffer && error?.message.hasPrefix("labels.nii: ") == true)
    }

    @Test("A mask of another shape that does not say where it lies is refused")
    func unstated() throws {
        let volume = try volume(10, 10, 4, affine) { _, _, _ in true }
        let labels = try self.volume(10, 10, 5, .identity) { _, _, _ in true }
        let error = #expect(throws: SegmentationError.self) { try finding(labels, on: volume) }
        #expect(error?.code == .shapesDiffer)
    }

    @Test("Values of a mask are physical: what its scaling makes positive is marked")
    func scaled() throws {
        let shape = try Shape(columns: 2, rows: 2, slices: 1)
        let volume = try Volume(shape: shape, voxelType: .uint8, voxels: [1, 2, 3, 4])
        func bits(_ slope: Double, _ intercept: Double) throws -> [UInt8] {
            let labels = try Volume(
                shape: shape, voxelType: .uint8, voxels: [0, 1, 2, 3], scaling: Scaling(slope: slope, intercept: intercept))
            return Array(try finding(labels, on: volume).mask.bits)
        }
        #expect(try bits(0, 7) == [0, 1, 1, 1])
        #expect(try bits(2, 0) == [0, 1, 1, 1])
        #expect(try bits(1, -2) == [0, 0, 0, 1])
        #expect(try bits(-1, 2) == [1, 1, 0, 0])
    }
}
