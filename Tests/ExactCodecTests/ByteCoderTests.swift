import Faults
import ExactCodec
import Testing
import TestSupport

@Suite("Masks, byte planes and Zstandard")
struct ByteCoderTests {
    @Test("Masks come back bit for bit", arguments: [1, 2] as [UInt64])
    func masks(seed: UInt64) throws {
        print("masks: seed \(seed)")
        var random = Seeded(seed)
        for (count, columns, rows) in [(0, 1, 1), (1, 1, 1), (7, 7, 1), (8, 2, 2), (9, 1, 3), (1000, 5, 20), (4099, 1, 4099)] {
            let noise = (0..<count).map { _ in UInt8.random(in: 0...1, using: &random) }
            for bits in [noise, [UInt8](repeating: 0, count: count), [UInt8](repeating: 1, count: count)] {
                let chunk = try MaskCoder.encode(bits, columns: columns, rows: rows)
                #expect(
                    try MaskCoder.decode(chunk, count: count, columns: columns, rows: rows) == bits, "seed \(seed), \(count) voxels"
                )
            }
        }
    }

    @Test("A mask that does not change from slice to slice costs next to nothing more")
    func repeatedSlices() throws {
        var random = Seeded(3)
        let slice = (0..<4096).map { _ in UInt8.random(in: 0...1, using: &random) }
        let one = try MaskCoder.encode(slice, columns: 64, rows: 64).count
        let twenty = try MaskCoder.encode((0..<20).flatMap { _ in slice }, columns: 64, rows: 64).count
        #expect(twenty < one + 64)
    }

    @Test("Byte planes come back bit for bit", arguments: [1, 2, 4, 8])
    func planes(byteCount: Int) throws {
        var random = Seeded(UInt64(byteCount))
        for count in [0, 1, 3, 1000] {
            let voxels = random.bytes(count * byteCount)
            let chunk = try BytePlaneCoder.encode(voxels, byteCount: byteCount)
            #expect(try BytePlaneCoder.decode(chunk, count: count, byteCount: byteCount) == voxels)
        }
    }

    @Test("Bytes that are no whole number of voxels are refused")
    func brokenVoxel() {
        #expect(code { try BytePlaneCoder.encode([1, 2, 3], byteCount: 2) } == .invalidInput)
        #expect(code { try BytePlaneCoder.encode([1, 2, 3], byteCount: 0) } == .invalidInput)
    }

    @Test("Zstandard gives back what it was given, and exactly as much as was announced")
    func zstandard() throws {
        var random = Seeded(4)
        for bytes in [[], [7], random.bytes(5000), [UInt8](repeating: 3, count: 100_000)] {
            for level in [1, 12, 19] {
                let packed = try Zstandard.compress(bytes, level: level)
                #expect(try Zstandard.decompress(packed, count: bytes.count) == bytes)
                #expect(code { try Zstandard.decompress(packed, count: bytes.count + 1) } == .corruptChunk)
                if !bytes.isEmpty { #expect(code { try Zstandard.decompress(packed, count: bytes.count - 1) } == .corruptChunk) }
            }
        }
        #expect(try Zstandard.compress([UInt8](repeating: 3, count: 100_000)).count < 100)
    }

    @Test("A chunk of few bytes that unfolds into far more than announced is refused")
    func bomb() throws {
        let packed = try Zstandard.compress([UInt8](repeating: 0, count: 50_000_000), level: 1)
        #expect(packed.count < 10_000)
        #expect(code { try Zstandard.decompress(packed, count: 1000) } == .corruptChunk)
        #expect(code { try MaskCoder.decode(packed, count: 1000, columns: 10, rows: 1) } == .corruptChunk)
    }

    @Test("Chunks cut short anywhere, or with a byte too many, are refused")
    func truncated() throws {
        var random = Seeded(5)
        let packed = try Zstandard.compress(random.bytes(300))
        for count in 0..<packed.count {
            #expect(code { try Zstandard.decompress(Array(packed[..<count]), count: 300) } == .corruptChunk)
        }
        #expect(code { try Zstandard.decompress(packed + [0], count: 300) } == .corruptChunk)
        let mask = try MaskCoder.encode((0..<900).map { UInt8($0 / 7 % 2) }, columns: 30, rows: 5)
        for count in 0..<mask.count {
            #expect(code { try MaskCoder.decode(Array(mask[..<count]), count: 900, columns: 30, rows: 5) } == .corruptChunk)
        }
        let planes = try BytePlaneCoder.encode(random.bytes(400), byteCount: 4)
        for count in 0..<planes.count {
            #expect(code { try BytePlaneCoder.decode(Array(planes[..<count]), count: 100, byteCount: 4) } == .corruptChunk)
        }
        #expect(code { try BytePlaneCoder.decode(planes + [0], count: 100, byteCount: 4) } == .corruptChunk)
        #expect(code { try BytePlaneCoder.decode([0xff, 0xff, 0xff, 0xff, 1], count: 100, byteCount: 4) } == .corruptChunk)
    }

    @Test("Damaged chunks give as many bytes as announced, or are refused", arguments: [6, 7] as [UInt64])
    func damaged(seed: UInt64) throws {
        print("damaged bytes: seed \(seed)")
        var random = Seeded(seed)
        let text = (0..<800).map { UInt8($0 * $0 / 50 & 15) }
        let packed = try Zstandard.compress(text)
        let mask = try MaskCoder.encode(text.map { $0 & 1 }, columns: 40, rows: 4)
        let planes = try BytePlaneCoder.encode(text, byteCount: 4)
        func check(_ body: () throws -> [UInt8], _ round: Int) {
            do {
                if try body().count != 800 { Issue.record("another length: seed \(seed), round \(round)") }
            } catch {
                if (error as? ExactCodecError)?.code != .corruptChunk { Issue.record("\(error): seed \(seed), round \(round)") }
            }
        }
        func damage(_ bytes: [UInt8]) -> [UInt8] {
            var bytes = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            return bytes
        }
        for round in 0..<5000 {
            let damagedPacked = damage(packed)
            check({ try Zstandard.decompress(damagedPacked, count: 800) }, round)
            let damagedMask = damage(mask)
            check({ try MaskCoder.decode(damagedMask, count: 800, columns: 40, rows: 4) }, round)
            let damagedPlanes = damage(planes)
            check({ try BytePlaneCoder.decode(damagedPlanes, count: 200, byteCount: 4) }, round)
        }
    }
}
