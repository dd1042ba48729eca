import TestSupport
import Testing

import StreamSession

@Suite("Erasure code")
struct ErasureCodeTests {
    /// Data and parity of one code, and what recovery should give.
    private struct Block {
        let code: ErasureCode
        let byteCount: Int
        let data: [ArraySlice<UInt8>]
        let parity: [[UInt8]]

        /// Shards of different lengths, some empty, the longest of full length; cut from longer arrays as from datagrams.
        init(_ dataCount: Int, _ parityCount: Int, byteCount: Int, random: inout Seeded) throws {
            let code = try #require(ErasureCode(dataCount: dataCount, parityCount: parityCount))
            let longest = Int.random(in: 0..<dataCount, using: &random)
            let data = (0..<dataCount).map { index in
                let count = index == longest ? byteCount : Int.random(in: 0...byteCount, using: &random)
                return random.bytes(count + 16)[9..<9 + count]
            }
            self.code = code
            self.byteCount = byteCount
            self.data = data
            parity = (0..<parityCount).map { code.parity($0, of: data, byteCount: byteCount) }
        }

        var whole: [[UInt8]] { data.map { Array($0) + [UInt8](repeating: 0, count: byteCount - $0.count) } }

        /// - Parameter isLost: tells of each shard, parity after data.
        func recover(_ isLost: (Int) -> Bool) -> [[UInt8]]? {
            code.recover(
                data.indices.map { isLost($0) ? nil : data[$0] },
                parity: parity.indices.map { isLost(data.count + $0) ? nil : parity[$0] }, byteCount: byteCount)
        }
    }

    /// Multiplication as Russian peasants do it, one bit after another.
    private func product(_ a: Int, _ b: Int) -> Int {
        var (a, b, sum) = (a, b, 0)
        while b > 0 {
            if b & 1 != 0 { sum ^= a }
            a <<= 1
            if a > 255 { a ^= 0x11d }
            b >>= 1
        }
        return sum
    }

    @Test("Whatever is lost comes back while no more is lost than there is parity, and else nothing", arguments: 1...6, 0...4)
    func everyPattern(dataCount: Int, parityCount: Int) throws {
        var random = Seeded(UInt64(dataCount * 8 + parityCount))
        let block = try Block(dataCount, parityCount, byteCount: 11, random: &random)
        let whole = block.whole
        for pattern in 0..<1 << (dataCount + parityCount) {
            let recovered = block.recover { pattern >> $0 & 1 != 0 }
            #expect(recovered == (pattern.nonzeroBitCount <= parityCount ? whole : nil), "losses \(String(pattern, radix: 2))")
        }
    }

    @Test(
        "Large blocks come back from any losses that parity makes up for, and from not one more",
        arguments: [(105, 14), (200, 55), (1, 254), (128, 127), (255, 0), (17, 40)])
    func randomPatterns(dataCount: Int, parityCount: Int) throws {
        var random = Seeded(UInt64(dataCount))
        let block = try Block(dataCount, parityCount, byteCount: 29, random: &random)
        let whole = block.whole
        #expect(block.recover { _ in false } == whole)
        for round in 0..<6 {
            let order = Array(0..<dataCount + parityCount).shuffled(using: &random)
            // As many as can be, and fewer.
            let count = round < 3 ? parityCount : Int.random(in: 0...parityCount, using: &random)
            let lost = Set(order.prefix(count))
            #expect(block.recover { lost.contains($0) } == whole, "\(lost.sorted())")
            let tooMany = Set(order.prefix(parityCount + 1))
            #expect(block.recover { tooMany.contains($0) } == nil, "\(tooMany.sorted())")
        }
    }

    @Test("Of the data shards as many may be lost as there is parity, first or last or any", arguments: [(105, 14), (200, 55)])
    func dataAlone(dataCount: Int, parityCount: Int) throws {
        var random = Seeded(7)
        let block = try Block(dataCount, parityCount, byteCount: 40, random: &random)
        let whole = block.whole
        #expect(block.recover { $0 < parityCount } == whole)
        #expect(block.recover { $0 < dataCount && $0 >= dataCount - parityCount } == whole)
        #expect(block.recover { $0 <= parityCount } == nil)
        #expect(block.recover { $0 >= dataCount } == whole)
    }

    @Test("Parity is what slow multiplication by a Cauchy matrix gives", arguments: [(1, 1), (3, 2), (105, 14), (200, 55)])
    func reference(dataCount: Int, parityCount: Int) throws {
        var random = Seeded(UInt64(parityCount))
        let block = try Block(dataCount, parityCount, byteCount: 12, random: &random)
        let whole = block.whole
        for row in Set([0, parityCount / 2, parityCount - 1]) {
            var expected = [UInt8](repeating: 0, count: block.byteCount)
            for column in 0..<dataCount {
                let coefficient = try #require((1...255).first { product($0, column ^ (255 - row)) == 1 })
                for index in expected.indices {
                    expected[index] ^= UInt8(product(coefficient, Int(whole[column][index])))
                }
            }
            #expect(block.parity[row] == expected, "parity \(row)")
        }
    }

    @Test("A byte times every coefficient is what slow multiplication gives, for every byte")
    func everyProduct() throws {
        let code = try #require(ErasureCode(dataCount: 1, parityCount: 254))
        let bytes = (0...255).map { UInt8($0) }
        for row in 0..<254 {
            let parity = code.parity(row, of: [bytes[...]], byteCount: 256)
            // Times its divisor again, it is the byte it was.
            #expect(parity.map { product(Int($0), 255 - row) } == Array(0...255), "parity \(row)")
        }
    }

    @Test("These bytes go over the wire: parity does not change from one version to the next")
    func golden() throws {
        let code = try #require(ErasureCode(dataCount: 3, parityCount: 2))
        let shards: [ArraySlice<UInt8>] = [[1, 2, 3, 4], [0xff, 0x80], [0, 0x1d, 0x55]]
        #expect(code.parity(0, of: shards, byteCount: 4) == [0x82, 0xd2, 0x44, 0xd3])
        #expect(code.parity(1, of: shards, byteCount: 4) == [0x7f, 0x61, 0x09, 0xe5])
    }

    @Test("Empty shards at the end are as good as none: parity does not depend on how many shards there are")
    func shortened() throws {
        var random = Seeded(3)
        let block = try Block(20, 5, byteCount: 33, random: &random)
        let longer = try #require(ErasureCode(dataCount: 90, parityCount: 60))
        let data = block.data + Array(repeating: [], count: 70)
        for row in 0..<5 { #expect(longer.parity(row, of: data, byteCount: 33) == block.parity[row]) }
    }

    @Test("Blocks of no bytes come back as such")
    func noBytes() throws {
        let code = try #require(ErasureCode(dataCount: 2, parityCount: 1))
        #expect(code.parity(0, of: [[], []], byteCount: 0) == [])
        #expect(code.recover([nil, []], parity: [[]], byteCount: 0) == [[], []])
        #expect(code.recover([nil, nil], parity: [[]], byteCount: 0) == nil)
    }

    @Test(
        "There is no code of impossible numbers of shards",
        arguments: [
            (0, 0), (0, 5), (-1, 3), (3, -1), (256, 0), (255, 1), (200, 56), (1, 255), (.max, 1), (1, .max), (.max, .max),
            (.min, 1), (1, .min), (.min, .max), (.max, .min),
        ] as [(Int, Int)])
    func impossible(dataCount: Int, parityCount: Int) {
        #expect(ErasureCode(dataCount: dataCount, parityCount: parityCount) == nil)
    }

    @Test("Numbers and lengths that do not fit give no parity")
    func unfitParity() throws {
        let code = try #require(ErasureCode(dataCount: 2, parityCount: 2))
        let shards: [ArraySlice<UInt8>] = [[1, 2, 3], [4]]
        #expect(code.parity(0, of: shards, byteCount: 3).count == 3)
        for index in [-1, 2, .min, .max] { #expect(code.parity(index, of: shards, byteCount: 3) == [], "\(index)") }
        for byteCount in [-1, 0, 2, 65_536, .min, .max] {
            #expect(code.parity(0, of: shards, byteCount: byteCount) == [], "\(byteCount) bytes")
        }
        #expect(code.parity(0, of: [], byteCount: 3) == [])
        #expect(code.parity(0, of: [[1]], byteCount: 3) == [])
        #expect(code.parity(0, of: shards + [[5]], byteCount: 3) == [])
        let none = try #require(ErasureCode(dataCount: 2, parityCount: 0))
        #expect(none.parity(0, of: shards, byteCount: 3) == [])
    }

    @Test("Numbers and lengths that do not fit give nothing back")
    func unfitRecovery() throws {
        let code = try #require(ErasureCode(dataCount: 2, parityCount: 2))
        let a: ArraySlice<UInt8> = [1, 2, 3]
        let parity: [[UInt8]?] = [code.parity(0, of: [a, [4]], byteCount: 3), nil]
        #expect(code.recover([a, nil], parity: parity, byteCount: 3) == [[1, 2, 3], [4, 0, 0]])
        for byteCount in [-1, 0, 2, 4, 65_536, .min, .max] {
            #expect(code.recover([a, nil], parity: parity, byteCount: byteCount) == nil, "\(byteCount) bytes")
        }
        for byteCount in [-1, 65_536, .min, .max] {
            #expect(code.recover([[], []], parity: [nil, nil], byteCount: byteCount) == nil, "\(byteCount) bytes")
        }
        for shards in [[], [a], [a, nil, nil], [nil, nil]] as [[ArraySlice<UInt8>?]] {
            #expect(code.recover(shards, parity: parity, byteCount: 3) == nil, "\(shards.count) shards")
        }
        for parity in [[], [[0, 0, 0]], [nil, nil, nil], [nil, nil], [[0, 0, 0], [0, 0]], [[0, 0, 0, 0], nil]] as [[[UInt8]?]] {
            #expect(code.recover([a, nil], parity: parity, byteCount: 3) == nil, "\(parity.count) parity shards")
        }
        let longer: ArraySlice<UInt8> = [1, 2, 3, 4]
        #expect(code.recover([longer, nil], parity: parity, byteCount: 3) == nil)
    }

    @Test("Whatever is put together at random, recovery ends, with shards of full length or nothing")
    func nonsense() throws {
        var random = Seeded(9)
        var recoveredCount = 0
        for _ in 0..<2000 {
            let dataCount = Int.random(in: 1...9, using: &random)
            let parityCount = Int.random(in: 0...9, using: &random)
            let code = try #require(ErasureCode(dataCount: dataCount, parityCount: parityCount))
            // Now and then a shard too many, or of another length.
            let extra = Int.random(in: 0..<8, using: &random) == 0 ? 1 : 0
            func shard() -> [UInt8]? {
                guard Int.random(in: 0..<3, using: &random) > 0 else { return nil }
                return random.bytes(Int.random(in: 0..<40, using: &random) == 0 ? Int.random(in: 0...9, using: &random) : 4)
            }
            let data = (0..<dataCount + extra).map { _ in shard().map { $0[...] } }
            let recovered = code.recover(data, parity: (0..<parityCount).map { _ in shard() }, byteCount: 4)
            guard let recovered else { continue }
            recoveredCount += 1
            #expect(recovered.count == dataCount && recovered.allSatisfy { $0.count == 4 })
        }
        #expect(recoveredCount > 200 && recoveredCount < 1800, "\(recoveredCount)")
    }
}
