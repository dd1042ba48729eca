import CLinearRows
import ExactCodec
import TestSupport
import Testing

@Suite("Exact codes by linear prediction")
struct LinearCoderTests {
    private let coder = LinearCoder()

    /// Slices of a body of smooth bumps in noise; beyond it voxels stand aside.
    private func body(_ columns: Int, _ rows: Int, _ slices: Int, noise: Int, seed: UInt64) -> (codes: [UInt16], known: [UInt8]) {
        var random = Seeded(seed)
        var codes: [UInt16] = []
        var known: [UInt8] = []
        for z in 0..<slices {
            for y in 0..<rows {
                for x in 0..<columns {
                    let (u, v, w) = (2 * x - columns, 2 * y - rows, 3 * (2 * z - slices))
                    let bump = (x / 5 % 2 + y / 7 % 2) * 60
                    codes.append(
                        UInt16(max(0, 900 - (u * u + v * v + w * w) / 8 + bump + Int.random(in: 0...noise, using: &random))))
                    known.append(u * u + v * v > columns * rows ? ExactContext.aside : ExactContext.takesPart)
                }
            }
        }
        return (codes, known)
    }

    private func context(_ columns: Int, _ rows: Int, known: [UInt8], base: [UInt16]? = nil) throws -> ExactContext {
        try ExactContext(
            columns: columns, rows: rows, slices: known.count / (columns * rows), maxCode: 4095,
            base: base ?? [UInt16](repeating: 0, count: known.count), known: known)
    }

    @Test("The base of voxels that take part changes nothing")
    func noBase() throws {
        let (codes, known) = body(40, 30, 6, noise: 12, seed: 1)
        let chunk = try coder.encode(codes, given: context(40, 30, known: known))
        #expect(try coder.encode(codes, given: context(40, 30, known: known, base: codes)) == chunk)
    }

    @Test("The quick encoder makes the bytes of the plain one", arguments: [1, 2, 9])
    func quickAndPlain(slices: Int) throws {
        for (columns, rows, noise) in [(40, 31, 12), (7, 3, 900), (129, 17, 0)] {
            let (codes, body) = body(columns, rows, slices, noise: noise, seed: UInt64(columns + slices))
            var random = Seeded(UInt64(rows))
            let mixed = body.map { flag in
                flag == ExactContext.takesPart
                    ? [ExactContext.takesPart, ExactContext.neighbour].randomElement(using: &random) ?? flag : flag
            }
            for known in [body, mixed, codes.map { _ in ExactContext.takesPart }, codes.map { _ in ExactContext.aside }] {
                for reach in [UInt16.max, 1000] {
                    let context = try ExactContext(
                        columns: columns, rows: rows, slices: slices, maxCode: 4095, base: codes.map { min(4095, $0 + 1) },
                        known: known, reach: reach)
                    let chunk = try coder.encode(codes, given: context)
                    #expect(try coder.encodePlainly(codes, like: chunk, given: context) == chunk)
                    let decoded = try coder.decode(chunk, given: context)
                    #expect(known.indices.allSatisfy { known[$0] != ExactContext.takesPart || decoded[$0] == codes[$0] })
                }
            }
        }
    }

    @Test("Old processors and new ones make the same bytes and read each other's", arguments: [1, 3])
    func oldAndNew(slices: Int) throws {
        for (columns, rows, noise) in [(75, 31, 12), (7, 3, 900), (129, 17, 0), (16, 4, 40)] {
            let (codes, known) = body(columns, rows, slices, noise: noise, seed: UInt64(columns + slices))
            let context = try context(columns, rows, known: known)
            let new = try coder.encode(codes, given: context)
            linear_allow_newer(0)
            defer { linear_allow_newer(1) }
            #expect(try coder.encode(codes, given: context) == new)
            let decoded = try coder.decode(new, given: context)
            #expect(known.indices.allSatisfy { known[$0] != ExactContext.takesPart || decoded[$0] == codes[$0] })
        }
    }

    @Test("Of damaged chunks the quick decoder makes what the plain one makes", arguments: 1...3)
    func damagedAlike(slices: Int) throws {
        var random = Seeded(UInt64(90 + slices))
        for maxCode in [UInt16(4095), 65535] {
            let (codes, known) = body(35, 22, slices, noise: 300, seed: 8)
            for reach in [UInt16.max, 90] {
                let context = try ExactContext(
                    columns: 35, rows: 22, slices: slices, maxCode: maxCode, base: codes.map { $0 + 3 }, known: known, reach: reach)
                let chunk = try coder.encode(codes, given: context)
                for round in 0..<60 {
                    var other = chunk
                    for _ in 0..<(1 << (round % 7)) {
                        other[Int.random(in: 4..<other.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                    }
                    if round % 3 == 0 { other.removeLast(Int.random(in: 0..<other.count - 98, using: &random)) }
                    let quick = try coder.decodeUnchecked(other, given: context)
                    let isSame = try quick == coder.decodeUnchecked(other, given: context, plainly: true)
                    #expect(isSame, "round \(round), up to \(maxCode), within \(reach)")
                }
            }
        }
    }

    @Test("Whatever the weights, the quick encoder makes the bytes of the plain one", arguments: 1...4)
    func anyWeights(slices: Int) throws {
        var random = Seeded(UInt64(70 + slices))
        let (codes, known) = body(33, 21, slices, noise: 60, seed: 5)
        let context = try context(33, 21, known: known)
        let chunk = try coder.encode(codes, given: context)
        for round in 0..<40 {
            var other = chunk
            // A check, 40 weights of 16 bits, 12 of 8 for errors.
            if round > 0 { for place in 4..<84 { other[place] = UInt8.random(in: 0...255, using: &random) } }
            for place in 84..<96 { other[place] = UInt8.random(in: 0...(round % 2 == 0 ? 255 : 20), using: &random) }
            // Weights for errors of earlier slices alone leave a first slice none.
            if round % 4 < 2 { for place in 84..<90 { other[place] = 0 } }
            let made = try coder.encode(codes, like: other, given: context)
            #expect(try coder.encodePlainly(codes, like: other, given: context) == made, "round \(round)")
            let decoded = try coder.decode(made, given: context)
            #expect(known.indices.allSatisfy { known[$0] != ExactContext.takesPart || decoded[$0] == codes[$0] })
        }
    }

    @Test("An image of one slice takes about as many bytes by its own weights as by the best of others")
    func oneSlice() throws {
        let (codes, known) = body(200, 160, 1, noise: 15, seed: 6)
        let context = try context(200, 160, known: known)
        let chunk = try coder.encode(codes, given: context)
        for weights in [[13, 13, 14, 9, 11, 11], [20, 0, 20, 0, 0, 0], [9, 6, 9, 6, 6, 6]] {
            var other = chunk
            for (place, weight) in (weights + [0, 0, 0, 0, 0, 0]).enumerated() { other[84 + place] = UInt8(weight) }
            let made = try coder.encode(codes, like: other, given: context)
            #expect(Double(chunk.count) < 1.01 * Double(made.count), "\(weights)")
        }
    }

    @Test("Slices before a chunk that are exact already make it smaller")
    func lead() throws {
        let (codes, known) = body(96, 72, 8, noise: 2, seed: 2)
        let slice = 96 * 72
        let alone = try coder.encode(
            Array(codes[2 * slice..<4 * slice]), given: context(96, 72, known: Array(known[2 * slice..<4 * slice])))
        let flags = known.prefix(4 * slice).enumerated().map {
            $0 < 2 * slice && $1 == ExactContext.takesPart ? ExactContext.neighbour : $1
        }
        let led = try context(96, 72, known: flags, base: Array(codes.prefix(4 * slice)))
        let chunk = try coder.encode(Array(codes.prefix(4 * slice)), given: led)
        #expect(chunk.count < alone.count)
        let decoded = try coder.decode(chunk, given: led)
        for index in 2 * slice..<4 * slice where known[index] == 0 { #expect(decoded[index] == codes[index]) }
    }

    @Test("A volume in noise takes about the bits of its noise")
    func nearNoise() throws {
        let (codes, known) = body(64, 64, 24, noise: 15, seed: 3)
        let count = known.count { $0 == 0 }
        let chunk = try coder.encode(codes, given: context(64, 64, known: known))
        // Four bits a voxel are even noise of 16 values; a prediction has the noise of its neighbours as well.
        #expect(Double(chunk.count) * 8 / Double(count) < 5.1)
    }

    @Test("Every bit of a chunk that is flipped is noticed")
    func damage() throws {
        let (codes, known) = body(24, 20, 4, noise: 9, seed: 4)
        let context = try context(24, 20, known: known)
        let chunk = try coder.encode(codes, given: context)
        for place in stride(from: 0, to: chunk.count, by: 13) {
            var changed = chunk
            changed[place] ^= 1 << UInt8(place % 8)
            let decoded = try? coder.decode(changed, given: context)
            // A weight's last bits may change nothing; then the codes are the right ones.
            if let decoded { #expect(known.indices.allSatisfy { known[$0] != 0 || decoded[$0] == codes[$0] }) }
        }
    }

    @Test("Wild values, few values and one value come back exactly", arguments: [1, 2, 700, 65535])
    func wild(greatest: Int) throws {
        var random = Seeded(UInt64(greatest))
        let known = (0..<20 * 14 * 5).map { _ in UInt8.random(in: 0...1, using: &random) }
        for choices in [[0], [0, greatest], [0, greatest / 2, greatest]] {
            let codes = known.map { _ in UInt16(choices.randomElement(using: &random) ?? 0) }
            let context = try ExactContext(
                columns: 20, rows: 14, slices: 5, maxCode: UInt16(greatest), base: [UInt16](repeating: 0, count: codes.count),
                known: known)
            let decoded = try coder.decode(coder.encode(codes, given: context), given: context)
            #expect(codes.indices.allSatisfy { known[$0] != 0 || decoded[$0] == codes[$0] })
        }
    }
}
