import Faults
import ExactCodec
import Testing
import TestSupport

/// The contract of every exact coder. A new coder is among them by itself.
struct ContractCoder: Sendable, CustomTestStringConvertible {
    let coder: any ExactCoder
    var testDescription: String { "\(type(of: coder))" }
    static let all = ExactCoders.allCases.map { ContractCoder(coder: $0.coder) }
    static let withBase = all.filter(\.coder.usesBase)
}

@Suite("What every refinement coder does")
struct ExactCoderContractTests {
    private static let maxCodes: [UInt16] = [0, 1, 2, 3, 254, 255, 256, 4095, 65535]
    private static let shapes = [(1, 1, 1), (1, 9, 2), (9, 1, 2), (16, 12, 5)]

    private func context(
        _ columns: Int, _ rows: Int, _ slices: Int, greatest: UInt16, base: [UInt16], known: [UInt8]? = nil
    ) throws -> ExactContext {
        try ExactContext(
            columns: columns, rows: rows, slices: slices, maxCode: greatest, base: base,
            known: known ?? [UInt8](repeating: 0, count: base.count))
    }

    private func noise(_ count: Int, to greatest: UInt16, _ random: inout Seeded) -> [UInt16] {
        (0..<count).map { _ in UInt16.random(in: 0...greatest, using: &random) }
    }

    @Test("Noise over noise comes back exactly at every depth and shape", arguments: ContractCoder.all, [1, 2] as [UInt64])
    func noise(contract: ContractCoder, seed: UInt64) throws {
        print("refinement of noise: seed \(seed)")
        var random = Seeded(seed)
        for greatest in Self.maxCodes {
            for (columns, rows, slices) in Self.shapes {
                let count = columns * rows * slices
                let exact = noise(count, to: greatest, &random)
                let context = try context(columns, rows, slices, greatest: greatest, base: noise(count, to: greatest, &random))
                let chunk = try contract.coder.encode(exact, given: context)
                #expect(
                    try contract.coder.decode(chunk, given: context) == exact,
                    "seed \(seed), \(greatest), \(columns)x\(rows)x\(slices)")
            }
        }
    }

    @Test("Constants and the greatest differences either way come back exactly", arguments: ContractCoder.all)
    func extremes(contract: ContractCoder) throws {
        for greatest in Self.maxCodes {
            for (columns, rows, slices) in Self.shapes {
                let count = columns * rows * slices
                let zeros = [UInt16](repeating: 0, count: count)
                let peaks = [UInt16](repeating: greatest, count: count)
                let alternating = (0..<count).map { $0 % 2 == 0 ? 0 : greatest }
                let patterns = [zeros, peaks, alternating, alternating.map { greatest - $0 }]
                for base in patterns {
                    for exact in patterns {
                        let context = try context(columns, rows, slices, greatest: greatest, base: base)
                        let chunk = try contract.coder.encode(exact, given: context)
                        #expect(
                            try contract.coder.decode(chunk, given: context) == exact, "\(greatest), \(columns)x\(rows)x\(slices)")
                    }
                }
            }
        }
    }

    @Test("What a caller hands over at known voxels changes neither the bytes nor the rest", arguments: ContractCoder.all)
    func known(contract: ContractCoder) throws {
        var random = Seeded(5)
        let base = noise(960, to: 700, &random)
        let exact = noise(960, to: 700, &random)
        let known = (0..<960).map { UInt8($0 % 3 == 0 ? 1 : 0) }
        let other = zip(exact, known).map { $1 == 1 ? 0 : $0 }
        let context = try context(16, 12, 5, greatest: 700, base: base, known: known)
        let chunk = try contract.coder.encode(exact, given: context)
        #expect(try contract.coder.encode(other, given: context) == chunk)
        // Nor does the base of those that stand aside: what it holds may depend on what else has arrived.
        let elsewhere = try self.context(
            16, 12, 5, greatest: 700, base: zip(base, known).map { $1 == 1 ? 700 - $0 : $0 }, known: known)
        #expect(try contract.coder.encode(exact, given: elsewhere) == chunk)
        let decoded = try contract.coder.decode(chunk, given: context)
        for index in exact.indices where known[index] == 0 { #expect(decoded[index] == exact[index]) }
    }

    @Test("A good base makes a small chunk, known voxels a smaller one", arguments: ContractCoder.withBase)
    func size(contract: ContractCoder) throws {
        var random = Seeded(6)
        let exact = noise(64 * 64 * 4, to: 4095, &random)
        let near = exact.map { min(4095, $0 + UInt16.random(in: 0...1, using: &random)) }
        let far = noise(exact.count, to: 4095, &random)
        let nothingKnown = try contract.coder.encode(exact, given: context(64, 64, 4, greatest: 4095, base: near)).count
        let halfKnown = (0..<exact.count).map { UInt8($0 < exact.count / 2 ? 1 : 0) }
        #expect(nothingKnown * 4 < (try contract.coder.encode(exact, given: context(64, 64, 4, greatest: 4095, base: far)).count))
        #expect(
            try contract.coder.encode(exact, given: context(64, 64, 4, greatest: 4095, base: near, known: halfKnown)).count
                < nothingKnown * 2 / 3)
    }

    @Test("The same input makes the same bytes", arguments: ContractCoder.all)
    func deterministic(contract: ContractCoder) throws {
        var random = Seeded(8)
        let exact = noise(960, to: 4095, &random)
        let context = try context(16, 12, 5, greatest: 4095, base: noise(960, to: 4095, &random))
        #expect(try contract.coder.encode(exact, given: context) == contract.coder.encode(exact, given: context))
    }

    @Test("An empty chunk and one of another size or depth are refused", arguments: ContractCoder.all)
    func otherChunks(contract: ContractCoder) throws {
        let zeros = [UInt16](repeating: 0, count: 64)
        let small = try context(8, 8, 1, greatest: 255, base: zeros)
        let chunk = try contract.coder.encode(zeros, given: small)
        #expect(code { try contract.coder.decode([], given: small) } == .corruptChunk)
        #expect(code { try contract.coder.decode(chunk, given: context(16, 4, 1, greatest: 255, base: zeros)) } == .corruptChunk)
        let larger = try context(8, 8, 2, greatest: 255, base: zeros + zeros)
        #expect(code { try contract.coder.decode(chunk, given: larger) } == .corruptChunk)
        #expect(code { try contract.coder.decode(chunk, given: context(8, 8, 1, greatest: 4095, base: zeros)) } == .corruptChunk)
    }

    @Test(
        "A chunk cut short anywhere is refused, or gives codes within range",
        arguments: ContractCoder.all)
    func truncated(contract: ContractCoder) throws {
        var random = Seeded(9)
        let exact = noise(192, to: 700, &random)
        let context = try context(16, 6, 2, greatest: 700, base: noise(192, to: 700, &random))
        let chunk = try contract.coder.encode(exact, given: context)
        for count in 0..<chunk.count { expectBounded(contract, Array(chunk[..<count]), context, "\(count) bytes") }
    }

    @Test(
        "Damaged chunks and random bytes are refused, or give codes within range", arguments: ContractCoder.all, [3, 4] as [UInt64])
    func damaged(contract: ContractCoder, seed: UInt64) throws {
        print("damaged refinement: seed \(seed)")
        var random = Seeded(seed)
        for greatest in [3, 200, 700, 65535] as [UInt16] {
            let exact = noise(192, to: greatest, &random)
            let context = try context(16, 6, 2, greatest: greatest, base: noise(192, to: greatest, &random))
            let chunk = try contract.coder.encode(exact, given: context)
            for round in 0..<1500 {
                var bytes = chunk
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    let inHeader = Bool.random(using: &random)
                    bytes[Int.random(in: 0..<(inHeader ? min(30, bytes.count) : bytes.count), using: &random)] =
                        UInt8.random(in: 0...255, using: &random)
                }
                expectBounded(contract, bytes, context, "seed \(seed), greatest \(greatest), round \(round)")
                expectBounded(contract, random.bytes(round % 60), context, "seed \(seed), random, round \(round)")
            }
        }
    }

    private func expectBounded(_ contract: ContractCoder, _ bytes: [UInt8], _ context: ExactContext, _ place: String) {
        do {
            let decoded = try contract.coder.decode(bytes, given: context)
            if decoded.count != context.voxelCount || decoded.contains(where: { $0 > context.maxCode }) {
                Issue.record("codes out of range: \(place)")
            }
        } catch {
            if error.code != .corruptChunk { Issue.record("\(error): \(place)") }
        }
    }

    @Test("Codes that do not fit the context are refused", arguments: ContractCoder.all)
    func misfit(contract: ContractCoder) throws {
        let context = try context(4, 4, 1, greatest: 9, base: [UInt16](repeating: 0, count: 16))
        #expect(code { try contract.coder.encode([1, 2, 3], given: context) } == .invalidInput)
        #expect(
            code { try ExactContext(columns: 4, rows: 4, slices: 1, maxCode: 9, base: [0], known: [0]) } == .invalidInput)
        #expect(
            code { try ExactContext(columns: 1, rows: 1, slices: 1, maxCode: 9, base: [0], known: []) } == .invalidInput)
        #expect(
            code { try ExactContext(columns: 0, rows: 0, slices: 0, maxCode: 9, base: [], known: []) } == .invalidInput)
    }

    @Test(
        "Codes within reach of their base come back exactly, and what is known of them makes the chunk smaller",
        arguments: ContractCoder.all, [0, 1, 7, 300])
    func reach(contract: ContractCoder, reach: Int) throws {
        var random = Seeded(31)
        let (columns, rows, slices) = (23, 17, 6)
        let exact = (0..<columns * rows * slices).map { _ in UInt16.random(in: 0...1000, using: &random) }
        let base = exact.map { UInt16(max(0, min(1000, Int($0) + Int.random(in: -reach...reach, using: &random)))) }
        func context(_ reach: Int) throws -> ExactContext {
            try ExactContext(
                columns: columns, rows: rows, slices: slices, maxCode: 1000, base: base,
                known: [UInt8](repeating: 0, count: base.count), reach: UInt16(reach))
        }
        let coder = contract.coder
        let chunk = try coder.encode(exact, given: context(reach))
        #expect(try coder.decode(chunk, given: context(reach)) == exact)
        let unbounded = try coder.encode(exact, given: context(65535)).count
        #expect(chunk.count < unbounded)
        #expect(reach > 0 || chunk.count < (coder.usesBase ? 12 : unbounded / 2), "nothing is left to say")
    }

    @Test("A code out of reach of its base is refused", arguments: ContractCoder.all)
    func outOfReach(contract: ContractCoder) throws {
        let context = try ExactContext(
            columns: 2, rows: 1, slices: 1, maxCode: 100, base: [50, 50], known: [0, 0], reach: 4)
        #expect(code { try contract.coder.encode([54, 55], given: context) } == .invalidInput)
    }

    @Test("Every coder is found by the identifier it writes, and an unknown one is refused", arguments: ContractCoder.all)
    func identifier(contract: ContractCoder) throws {
        let found = try ExactCoders.coder(identifier: contract.coder.identifier)
        #expect(type(of: found) == type(of: contract.coder))
        #expect(code { try ExactCoders.coder(identifier: 0) } == .corruptChunk)
        #expect(code { try ExactCoders.coder(identifier: 255) } == .corruptChunk)
    }
}

/// The error with which a coder refuses; nil when it does not.
func code(_ body: () throws -> some Any) -> ExactCodecError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? ExactCodecError)?.code
    }
}
