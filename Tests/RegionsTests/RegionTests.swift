import Regions
import Testing
import TestSupport
import VolumeModel

@Suite("From voxels of interest to boxes")
struct RegionTests {
    private func mask(_ shape: Shape, _ boxes: [Box]) throws -> Mask {
        var bits = [UInt8](repeating: 0, count: shape.voxelCount)
        for box in boxes {
            for z in box.z { for y in box.y { for x in box.x { bits[(z * shape.rows + y) * shape.columns + x] = 1 } } }
        }
        return try Mask(shape: shape, bits: bits)
    }

    @Test(
        "Voxels that touch by a face, an edge or a corner are one part", arguments: ["1:2,0:1,0:1", "1:2,1:2,0:1", "1:2,1:2,1:2"])
    func neighbours(second: String) throws {
        let shape = try Shape(columns: 4, rows: 4, slices: 4)
        let found = ConnectedComponents.find(in: try mask(shape, [try Box(parsing: "0:1,0:1,0:1"), try Box(parsing: second)]))
        let part = try #require(found.components.first)
        #expect(found.components.count == 1)
        #expect(part.voxelCount == 2)
        #expect(part.box == (try Box(parsing: "0:1,0:1,0:1")).union(try Box(parsing: second)))
    }

    @Test("Voxels two apart are two parts, also where a row ends and the next begins")
    func apart() throws {
        let shape = try Shape(columns: 4, rows: 4, slices: 4)
        for (a, b) in [("0:1,0:1,0:1", "2:3,0:1,0:1"), ("3:4,0:1,0:1", "0:1,1:2,0:1"), ("3:4,3:4,0:1", "0:1,0:1,1:2")] {
            let found = ConnectedComponents.find(in: try mask(shape, [try Box(parsing: a), try Box(parsing: b)]))
            #expect(found.components.map(\.voxelCount) == [1, 1], "\(a) and \(b)")
            #expect(found.components.map(\.label) == [1, 2])
            #expect(try found.bits(of: [found.components[1]]).reduce(0) { $0 + Int($1) } == 1)
        }
    }

    @Test("A part's bits are its voxels and no other's; an empty mask has none")
    func bits() throws {
        let shape = try Shape(columns: 6, rows: 5, slices: 3)
        let first = try mask(shape, [try Box(parsing: "0:2,0:2,0:2")])
        let second = try mask(shape, [try Box(parsing: "4:6,3:5,1:3")])
        let both = try Mask(shape: shape, bits: zip(first.bits, second.bits).map { $0 | $1 })
        let found = ConnectedComponents.find(in: both)
        #expect(try found.components.map { try found.bits(of: [$0]) } == [first.bits, second.bits])
        #expect(ConnectedComponents.find(in: try mask(shape, [])).components.isEmpty)
    }

    @Test("The parts of a scattered mask are those that flooding finds, voxel by voxel", arguments: [6, 18, 26])
    func asFlooded(connectivity: Int) throws {
        var random = Seeded(UInt64(connectivity))
        for share in [0.1, 0.3, 0.6] {
            let shape = try Shape(columns: 13, rows: 9, slices: 7)
            let bits = (0..<shape.voxelCount).map { _ in Double.random(in: 0..<1, using: &random) < share ? 1 : 0 as UInt8 }
            let found = ConnectedComponents.find(in: try Mask(shape: shape, bits: bits), connectivity: connectivity)
            let expected = Self.flooded(bits, shape, reach: [6: 1, 18: 2, 26: 3][connectivity] ?? 0)
            #expect(found.components.map(\.voxelCount) == expected.map(\.count))
            for (component, voxels) in zip(found.components, expected) {
                let bits = try found.bits(of: [component])
                #expect(bits.indices.filter { bits[$0] != 0 } == voxels.sorted())
                #expect(component.box == (try Mask(shape: shape, bits: bits)).boundingBox)
            }
        }
    }

    /// Parts by the plainest means, in the order of their first voxels.
    private static func flooded(_ bits: [UInt8], _ shape: Shape, reach: Int) -> [[Int]] {
        var parts: [[Int]] = []
        var seen: Set<Int> = []
        for start in bits.indices where bits[start] != 0 && seen.insert(start).inserted {
            var part = [start]
            var next = 0
            while next < part.count {
                let index = part[next]
                next += 1
                let (x, y, z) = (index % shape.columns, index / shape.columns % shape.rows, index / shape.sliceVoxelCount)
                for (dz, dy, dx) in (0..<27).map({ ($0 / 9 - 1, $0 / 3 % 3 - 1, $0 % 3 - 1) })
                where abs(dx) + abs(dy) + abs(dz) <= reach {
                    guard shape.box.contains(x: x + dx, y: y + dy, z: z + dz) else { continue }
                    let neighbour = ((z + dz) * shape.rows + y + dy) * shape.columns + x + dx
                    if bits[neighbour] != 0, seen.insert(neighbour).inserted { part.append(neighbour) }
                }
            }
            parts.append(part)
        }
        return parts
    }

    @Test("Two lesions far apart stay two boxes")
    func distant() throws {
        let shape = try Shape(columns: 200, rows: 200, slices: 60)
        let a = try Box(parsing: "20:50,20:50,10:30")
        let b = try Box(parsing: "140:170,150:180,30:50")
        let boxes = RegionPlanner.boxes(around: try mask(shape, [a, b]), margin: 2)
        #expect(boxes == [a.grown(by: 2, within: shape.box), b.grown(by: 2, within: shape.box)])
    }

    @Test("Two lesions side by side become one box")
    func near() throws {
        let shape = try Shape(columns: 100, rows: 100, slices: 40)
        let a = try Box(parsing: "20:40,20:40,10:30")
        let b = try Box(parsing: "43:63,20:40,10:30")
        #expect(RegionPlanner.boxes(around: try mask(shape, [a, b]), margin: 0) == [a.union(b)])
    }

    @Test("A margin ends where the volume does")
    func margin() throws {
        let shape = try Shape(columns: 30, rows: 20, slices: 10)
        let boxes = RegionPlanner.boxes(around: try mask(shape, [try Box(parsing: "0:5,10:18,4:9")]), margin: 4)
        #expect(boxes == [try Box(parsing: "0:9,6:20,0:10")])
    }

    @Test("An empty mask has no box")
    func empty() throws {
        #expect(RegionPlanner.boxes(around: try mask(try Shape(columns: 5, rows: 5, slices: 5), []), margin: 3).isEmpty)
    }

    @Test(
        "Every voxel of a mask is in a box, and no box leaves the volume, crumbs by the hundred included",
        arguments: [1, 2, 3, 4] as [UInt64])
    func everyVoxel(seed: UInt64) throws {
        print("regions: seed \(seed)")
        var random = Seeded(seed)
        let shape = try Shape(columns: 90, rows: 80, slices: 40)
        var bits = [UInt8](repeating: 0, count: shape.voxelCount)
        for _ in 0..<(seed % 2 == 0 ? 700 : 12) { bits[Int.random(in: 0..<bits.count, using: &random)] = 1 }
        let mask = try Mask(shape: shape, bits: bits)
        let boxes = RegionPlanner.boxes(around: mask, margin: Int(seed) % 3)
        #expect(!boxes.isEmpty)
        #expect(boxes.allSatisfy { shape.box.contains($0) }, "seed \(seed)")
        for index in bits.indices where bits[index] != 0 {
            let (x, y, z) = (index % 90, index / 90 % 80, index / 7200)
            #expect(boxes.contains { $0.contains(x: x, y: y, z: z) }, "seed \(seed): voxel \(x), \(y), \(z)")
        }
    }
}
