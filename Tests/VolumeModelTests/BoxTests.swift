import Faults
import Testing
import TestSupport
import VolumeModel

@Suite("Boxes of voxels")
struct BoxTests {
    @Test("A box is read as it is written")
    func parsing() throws {
        let box = try Box(parsing: "10:74,20:84,3:40")
        #expect(box.x == 10..<74)
        #expect(box.y == 20..<84)
        #expect(box.z == 3..<40)
        #expect(box.voxelCount == 64 * 64 * 37)
        #expect(box.description == "10:74,20:84,3:40")
    }

    @Test(
        "What is no box is refused with the text itself",
        arguments: [
            "", "1", "1:2", "1:2,3:4", "1:2,3:4,5:6,7:8", "1:2,3:4,5", "1:2,3:4,5:", "1:2,3:4,:6", "a:b,c:d,e:f", "1:2,3:4,6:5",
            "1:1,3:4,5:6",
            "-1:2,3:4,5:6", "1:2,3:4,5:6,", "1:2:3,3:4,5:6", "1:99999999999999999999,3:4,5:6", "1.0:2,3:4,5:6",
        ])
    func notABox(text: String) {
        #expect {
            try Box(parsing: text)
        } throws: { error in
            (error as? VolumeError)?.code == .invalidBox && (text.hasPrefix("-") || "\(error)".contains("'\(text)'"))
        }
    }

    @Test("A box of no voxels, or one that begins below zero, is refused")
    func empty() {
        for (x, y, z) in [(0..<0, 0..<1, 0..<1), (0..<1, 2..<2, 0..<1), (0..<1, 0..<1, 5..<5), (0..<1, -1..<1, 0..<1)] {
            #expect {
                try Box(x: x, y: y, z: z)
            } throws: { error in
                (error as? VolumeError)?.code == .invalidBox
            }
        }
    }

    @Test("Two boxes share their overlap, touching ones nothing")
    func intersection() throws {
        let a = try Box(parsing: "0:10,0:10,0:10")
        #expect(a.intersection(try Box(parsing: "5:15,6:7,9:20")) == (try Box(parsing: "5:10,6:7,9:10")))
        #expect(a.intersection(try Box(parsing: "10:15,0:10,0:10")) == nil)
        #expect(a.intersection(try Box(parsing: "0:10,0:10,50:60")) == nil)
        #expect(a.intersection(a) == a)
    }

    @Test("A union holds both boxes and nothing more than it must")
    func union() throws {
        let a = try Box(parsing: "2:4,2:4,2:4")
        let b = try Box(parsing: "8:9,0:3,3:6")
        #expect(a.union(b) == (try Box(parsing: "2:9,0:4,2:6")))
        #expect(a.union(b) == b.union(a))
        #expect(a.union(b).contains(a))
        #expect(a.union(b).contains(b))
    }

    @Test("A margin grows every side as far as the volume goes")
    func grown() throws {
        let limits = try Box(parsing: "0:20,0:20,0:10")
        #expect((try Box(parsing: "5:6,5:6,5:6")).grown(by: 3, within: limits) == (try Box(parsing: "2:9,2:9,2:9")))
        #expect((try Box(parsing: "1:19,5:6,0:10")).grown(by: 3, within: limits) == (try Box(parsing: "0:20,2:9,0:10")))
        #expect((try Box(parsing: "5:6,5:6,5:6")).grown(by: 0, within: limits) == (try Box(parsing: "5:6,5:6,5:6")))
    }

    @Test("Ends are exclusive")
    func contains() throws {
        let box = try Box(parsing: "1:3,4:6,7:9")
        #expect(box.contains(x: 1, y: 4, z: 7))
        #expect(box.contains(x: 2, y: 5, z: 8))
        #expect(!box.contains(x: 3, y: 5, z: 8))
        #expect(!box.contains(x: 2, y: 6, z: 8))
        #expect(!box.contains(x: 2, y: 5, z: 9))
        #expect(!box.contains(x: 0, y: 5, z: 8))
        #expect(!box.contains(try Box(parsing: "1:3,4:6,7:10")))
    }

    @Test("A box over other slices keeps its columns and rows")
    func overSlices() throws {
        let box = try Box(parsing: "1:3,4:6,7:9")
        #expect(try box.over(slices: 0..<2) == Box(parsing: "1:3,4:6,0:2"))
        #expect(throws: VolumeError.self) { try box.over(slices: 4..<4) }
    }

    @Test("Voxel by voxel, intersection and union agree with what each box contains", arguments: [1, 2, 3] as [UInt64])
    func property(seed: UInt64) throws {
        print("boxes: seed \(seed)")
        var random = Seeded(seed)
        for _ in 0..<60 {
            let a = try randomBox(&random)
            let b = try randomBox(&random)
            let shared = a.intersection(b)
            let both = a.union(b)
            for z in 0..<7 {
                for y in 0..<7 {
                    for x in 0..<7 {
                        let inA = a.contains(x: x, y: y, z: z)
                        let inB = b.contains(x: x, y: y, z: z)
                        #expect((shared?.contains(x: x, y: y, z: z) ?? false) == (inA && inB), "seed \(seed): \(a) and \(b)")
                        #expect(both.contains(x: x, y: y, z: z) || !(inA || inB), "seed \(seed): \(a) and \(b)")
                    }
                }
            }
        }
    }

    private func randomBox(_ random: inout Seeded) throws -> Box {
        func side() -> Range<Int> {
            let start = Int.random(in: 0..<6, using: &random)
            return start..<Int.random(in: start + 1...6, using: &random)
        }
        return try Box(x: side(), y: side(), z: side())
    }

    @Test("A box of more voxels than can be counted has the most there are, and does not trap")
    func uncountable() throws {
        let side = 0..<1 << 31
        #expect(try Box(x: side, y: side, z: side).voxelCount == .max)
        #expect(try Box(x: side, y: side, z: 0..<1).voxelCount == 1 << 62)
    }
}
