import Faults
import HEVCDecoding
import HEVCCodec
import Testing
import TestSupport

@Suite("What the HEVC coder refuses")
struct RefusalTests {
    private let stack: SliceStack
    private let chunk: [UInt8]

    init() throws {
        stack = try pattern(columns: 64, rows: 64, count: 3, bitDepth: 8)
        chunk = try HEVCEncoder.encode(stack, HEVCParameters(bitDepth: 8, crf: 30, preset: "ultrafast"))
    }

    private func decode(_ chunk: [UInt8], columns: Int = 64, rows: Int = 64, count: Int = 3, bitDepth: Int = 8) throws -> SliceStack
    {
        try HEVCDecoder.decode(chunk, columns: columns, rows: rows, count: count, bitDepth: bitDepth)
    }

    @Test("Rate factors, depths and reserved options out of range are refused", arguments: [-1, 51.5, .nan, .infinity] as [Double])
    func rateFactor(crf: Double) throws {
        #expect(code { try HEVCParameters(crf: crf, preset: "fast") } == .invalidParameters)
    }

    @Test("Depths that the decoder does not get right are refused", arguments: [0, 7, 9, 11, 13, 16])
    func depth(bitDepth: Int) {
        #expect(code { try HEVCParameters(bitDepth: bitDepth, crf: 20, preset: "fast") } == .invalidParameters)
    }

    @Test(
        "Options that the coder sets itself are refused by name",
        arguments: ["crf", "qp", "weightb", "weightp", "annexb", "pools", "keyint", "lossless"])
    func reserved(option: String) {
        #expect {
            try HEVCParameters(crf: 20, preset: "fast", options: [.init(name: "rd", value: "3"), .init(name: option, value: "1")])
        } throws: { error in
            (error as? HEVCError)?.code == .invalidParameters && "\(error)".contains("'\(option)'")
        }
    }

    @Test("An unknown preset, option or value is refused by name")
    func unknown() throws {
        func message(_ preset: String, _ options: [HEVCParameters.Option] = []) throws -> String {
            let parameters = try HEVCParameters(bitDepth: 8, crf: 20, preset: preset, options: options)
            do {
                _ = try HEVCEncoder.encode(stack, parameters)
                return ""
            } catch {
                #expect(error.code == .invalidParameters)
                return error.message
            }
        }
        #expect(try message("glacial").contains("'glacial'"))
        #expect(try message("fast", [.init(name: "no-such-option", value: "1")]).contains("no option 'no-such-option'"))
        #expect(try message("fast", [.init(name: "aq-mode", value: "many")]).contains("'many'"))
        #expect(try message("fast").isEmpty)
    }

    @Test("Stacks whose samples do not fit their size, and sides beyond the limit, are refused")
    func stacks() throws {
        #expect(code { try SliceStack(columns: 2, rows: 2, count: 1, samples: [1, 2, 3]) } == .invalidFrames)
        #expect(code { try SliceStack(columns: 0, rows: 2, count: 1, samples: []) } == .invalidFrames)
        #expect(code { try SliceStack(columns: 1, rows: 1, count: 0, samples: []) } == .invalidFrames)
        let long = [UInt16](repeating: 0, count: 8193)
        #expect(code { try SliceStack(columns: 8193, rows: 1, count: 1, samples: long) } == .invalidFrames)
        #expect(code { try SliceStack(columns: 1, rows: 8193, count: 1, samples: long) } == .invalidFrames)
        #expect(code { try decode(chunk, columns: 8193) } == .invalidFrames)
        #expect(code { try decode(chunk, count: 0) } == .invalidFrames)
    }

    @Test("Another size, number or depth than the chunk's is refused")
    func announced() throws {
        #expect(code { try decode(chunk) } == nil)
        #expect(code { try decode(chunk, columns: 72) } == .unexpectedFormat)
        #expect(code { try decode(chunk, rows: 65) } == .unexpectedFormat)
        #expect(code { try decode(chunk, count: 2) } == .unexpectedFormat)
        #expect(code { try decode(chunk, count: 4) } == .unexpectedFormat)
        #expect(code { try decode(chunk, bitDepth: 10) } == .unexpectedFormat)
        #expect(code { try decode(chunk, bitDepth: 12) } == .unexpectedFormat)
    }

    @Test("A chunk cut short anywhere is refused")
    func truncated() {
        for count in stride(from: 0, to: chunk.count, by: max(1, chunk.count / 150)) {
            #expect(code { try decode(Array(chunk[..<count])) } != nil, "\(count) of \(chunk.count) bytes")
        }
        #expect(code { try decode(Array(chunk.dropLast())) } != nil)
    }

    @Test("A chunk without one of its NAL units is refused, the first of them included")
    func missingUnit() {
        for unit in units(chunk) {
            var bytes = chunk
            bytes.removeSubrange(unit.position..<unit.position + 4 + unit.length)
            #expect(code { try decode(bytes) } != nil, "without the unit at \(unit.position)")
        }
    }

    @Test("A chunk of which libde265 did not understand all is refused, though it holds every slice")
    func warning() throws {
        let last = try #require(units(chunk).last)
        let header = chunk[last.position + 4..<last.position + 6]
        #expect(code { try decode(chunk + [0, 0, 0, 4] + header + [0, 0]) } == .corruptChunk)
    }

    @Test("NAL units of impossible lengths are refused")
    func lengths() {
        #expect(code { try decode([]) } == .unexpectedFormat)
        #expect(code { try decode([0, 0, 0]) } == .corruptChunk)
        #expect(code { try decode([0, 0, 0, 0]) } == .corruptChunk)
        #expect(code { try decode([0, 0, 0, 1, 0x40]) } == .corruptChunk)
        #expect(code { try decode([0xff, 0xff, 0xff, 0xff, 0x40, 1]) } == .corruptChunk)
        #expect(code { try decode(chunk + [0]) } == .corruptChunk)
    }

    /// libde265 1.0.11 has memory faults on hostile streams, which is why peers' chunks are decoded in a confined process. Here
    /// damage goes no further than bodies of zeros; bytes changed at random belong in that process.
    @Test("NAL units whose bodies are zeros are refused")
    func zeroedBodies() {
        for unit in units(chunk) where unit.length > 2 {
            var bytes = chunk
            for position in unit.position + 6..<unit.position + 4 + unit.length { bytes[position] = 0 }
            #expect(code { try decode(bytes) } != nil, "the unit at \(unit.position)")
        }
    }

    @Test("Random bytes are refused", arguments: [1, 2] as [UInt64])
    func randomBytes(seed: UInt64) {
        print("random chunks: seed \(seed)")
        var random = Seeded(seed)
        for round in 0..<200 {
            let body = random.bytes(Int.random(in: 2...60, using: &random))
            #expect(code { try decode(body) } != nil, "seed \(seed), round \(round)")
        }
    }
}
