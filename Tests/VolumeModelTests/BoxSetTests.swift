import TestSupport
import Testing
import VolumeModel

@Suite("Boxes that belong together")
struct BoxSetTests {
    private let shape: Shape

    init() throws { shape = try Shape(columns: 9, rows: 8, slices: 6, timepoints: 3) }

    private func boxes(_ random: inout Seeded, _ count: Int) throws -> [Box] {
        try (0..<count).map { _ in
            func side(_ length: Int) -> Range<Int> {
                let start = Int.random(in: 0..<length, using: &random)
                return start..<Int.random(in: start + 1...length, using: &random)
            }
            return try Box(x: side(9), y: side(8), z: side(6))
        }
    }

    @Test("What is in none of the boxes and what is in one, voxel by voxel, at every time point", arguments: 0..<20)
    func split(seed: UInt64) throws {
        var random = Seeded(seed)
        let set = BoxSet(BoxSet(try boxes(&random, 3)).apart)
        for timepoint in 0..<3 {
            let piece = try #require(shape.stacked(try boxes(&random, 1)[0], timepoint: timepoint))
            let (within, rest) = set.split(piece, in: shape)
            for z in 0..<shape.stackedSliceCount {
                for y in 0..<8 {
                    let spans = set.spansOutside(x: piece.x, y: y, stackedSlice: z, in: shape)
                    for x in 0..<9 {
                        let isInPiece = piece.contains(x: x, y: y, z: z)
                        let owner = set.boxes.firstIndex { $0.contains(x: x, y: y, z: z % 6) }
                        let owners = within.filter { $0.box.contains(x: x, y: y, z: z) }.map(\.owner)
                        #expect(owners == (isInPiece ? owner.map { [$0] } ?? [] : []), "seed \(seed), \(x) \(y) \(z)")
                        let restCount = rest.count { $0.contains(x: x, y: y, z: z) }
                        #expect(restCount == (isInPiece && owner == nil ? 1 : 0), "seed \(seed), \(x) \(y) \(z)")
                        if piece.x.contains(x) { #expect(spans.contains { $0.contains(x) } == (owner == nil)) }
                    }
                }
            }
        }
    }

    @Test("Boxes that share voxels become one, also through a third")
    func apart() throws {
        let chain = try ["0:3,0:3,0:3", "5:8,0:3,0:3", "2:6,2:4,2:4", "8:9,0:1,0:1"].map { try Box(parsing: $0) }
        #expect(BoxSet(chain).apart == [try Box(parsing: "0:8,0:4,0:4"), try Box(parsing: "8:9,0:1,0:1")])
        #expect(BoxSet([]).apart.isEmpty)
    }

    @Test("A box is covered by one that holds it at each of its time points, and not by two together")
    func covers() throws {
        let set = BoxSet([try Box(parsing: "0:5,0:8,1:6"), try Box(parsing: "5:9,0:8,1:6")])
        #expect(set.covers(try StackedBox(parsing: "1:4,2:3,7:12"), in: shape))
        #expect(!set.covers(try StackedBox(parsing: "1:4,2:3,5:8"), in: shape), "slice 0 of the second time point is in none")
        #expect(!set.covers(try StackedBox(parsing: "4:6,2:3,7:9"), in: shape), "half of it is in each")
    }

    @Test("A box at a time point lies that many slices further, and there is none beyond the last")
    func stacking() throws {
        let box = try Box(parsing: "1:3,2:4,2:5")
        #expect(shape.stacked(box, timepoint: 2) == (try StackedBox(parsing: "1:3,2:4,14:17")))
        #expect(shape.stacked(box, timepoint: 3) == nil && shape.stacked(box, timepoint: -1) == nil)
        #expect(shape.stacked(try Box(parsing: "1:3,2:4,2:7"), timepoint: 0) == nil)
        #expect(shape.stacked(box).map(\.z) == [2..<5, 8..<11, 14..<17])
        #expect(shape.position(ofStacked: 15) == (2, 3))
    }
}
