import HEVCDecoding
import Foundation
import HEVCCodec
import Testing
import TestSupport

@Suite("Slices survive HEVC")
struct ContractTests {
    private static let sizes = [(1, 1), (3, 70), (64, 64), (65, 48), (240, 200)]

    @Test("Every depth, size and number of slices comes back in its size, near what it was", arguments: [8, 10, 12], sizes)
    func contract(bitDepth: Int, size: (Int, Int)) throws {
        let parameters = try HEVCParameters(bitDepth: bitDepth, crf: 10, preset: "superfast")
        for count in [1, 2, 5, 33] where size.0 * count <= 240 * 5 || size.0 < 100 {
            let stack = try pattern(columns: size.0, rows: size.1, count: count, bitDepth: bitDepth)
            let chunk = try HEVCEncoder.encode(stack, parameters)
            let decoded = try HEVCDecoder.decode(chunk, columns: size.0, rows: size.1, count: count, bitDepth: bitDepth)
            #expect(decoded.columns == size.0)
            #expect(decoded.rows == size.1)
            #expect(decoded.count == count)
            #expect(decoded.samples.allSatisfy { $0 < 1 << UInt16(bitDepth) })
            let psnr = -10 * log10(max(error(stack, decoded, bitDepth: bitDepth), 1e-12))
            #expect(psnr > 45, "\(count) slices: \(psnr) dB")
        }
    }

    @Test("Slices come back in their order")
    func order() throws {
        let samples = (0..<12).flatMap { slice in [UInt16](repeating: UInt16(300 * slice + 100), count: 64 * 64) }
        let stack = try SliceStack(columns: 64, rows: 64, count: 12, samples: samples)
        let chunk = try HEVCEncoder.encode(stack, HEVCParameters(crf: 10, preset: "medium"))
        let decoded = try HEVCDecoder.decode(chunk, columns: 64, rows: 64, count: 12, bitDepth: 12)
        for slice in 0..<12 {
            let value = Int(decoded.samples[slice * 4096 + 2080])
            #expect(abs(value - (300 * slice + 100)) < 60, "slice \(slice)")
        }
    }

    @Test("Every CRF from 0 to 51 is taken; a higher one makes more error and fewer bytes", arguments: [8, 12])
    func rateAndError(bitDepth: Int) throws {
        let stack = try pattern(columns: 96, rows: 80, count: 6, bitDepth: bitDepth)
        var last = (bytes: Int.max, error: -1.0)
        for crf in [0, 12.5, 25, 38, 51] {
            let chunk = try HEVCEncoder.encode(stack, HEVCParameters(bitDepth: bitDepth, crf: crf, preset: "veryfast"))
            let decoded = try HEVCDecoder.decode(chunk, columns: 96, rows: 80, count: 6, bitDepth: bitDepth)
            let now = (bytes: chunk.count, error: error(stack, decoded, bitDepth: bitDepth))
            #expect(now.bytes < last.bytes, "CRF \(crf)")
            #expect(now.error > last.error, "CRF \(crf)")
            last = now
        }
    }

    @Test("Full-range noise comes back within its depth", arguments: [8, 10, 12])
    func noise(bitDepth: Int) throws {
        var random = Seeded(1)
        let samples = (0..<70 * 66 * 3).map { _ in UInt16.random(in: 0...UInt16(1 << bitDepth - 1), using: &random) }
        let stack = try SliceStack(columns: 70, rows: 66, count: 3, samples: samples)
        let chunk = try HEVCEncoder.encode(stack, HEVCParameters(bitDepth: bitDepth, crf: 0, preset: "ultrafast"))
        let decoded = try HEVCDecoder.decode(chunk, columns: 70, rows: 66, count: 3, bitDepth: bitDepth)
        #expect(decoded.samples.allSatisfy { $0 < 1 << UInt16(bitDepth) })
        #expect(error(stack, decoded, bitDepth: bitDepth) < 0.001)
    }

    @Test("The presets and options of the shipped profiles code and decode")
    func shippedOptions() throws {
        func options(_ pairs: KeyValuePairs<String, String>) -> [HEVCParameters.Option] {
            pairs.map { HEVCParameters.Option(name: $0.key, value: $0.value) }
        }
        let slow = options([
            "rskip": "0", "psy-rd": "0", "psy-rdoq": "0", "rd": "5", "aq-mode": "0", "ctu": "32", "rc-lookahead": "8",
        ])
        let fast = options(["psy-rd": "0", "rdoq-level": "2", "ctu": "32"])
        let stack = try pattern(columns: 70, rows: 90, count: 7, bitDepth: 12)
        for (preset, options) in [
            ("slow", slow), ("superfast", fast), ("veryslow", []), ("medium", [.init(name: "bframes", value: "8")]),
        ] {
            let chunk = try HEVCEncoder.encode(stack, HEVCParameters(crf: 20, preset: preset, options: options))
            let decoded = try HEVCDecoder.decode(chunk, columns: 70, rows: 90, count: 7, bitDepth: 12)
            #expect(error(stack, decoded, bitDepth: 12) < 1e-4, "\(preset)")
        }
    }

    @Test("The same slices make the same bytes, one encoder after another or many at once")
    func deterministic() async throws {
        let inputs = try (0..<8).map { try pattern(columns: 64 + $0 * 8, rows: 64, count: 4, bitDepth: [8, 10, 12][$0 % 3]) }
        let parameters = try (0..<8).map { try HEVCParameters(bitDepth: [8, 10, 12][$0 % 3], crf: 22, preset: "fast") }
        let alone = try zip(inputs, parameters).map { try HEVCEncoder.encode($0, $1) }
        let again = try zip(inputs, parameters).map { try HEVCEncoder.encode($0, $1) }
        #expect(alone == again)
        let together = try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
            for round in 0..<24 {
                group.addTask { (round % 8, try HEVCEncoder.encode(inputs[round % 8], parameters[round % 8])) }
            }
            return try await group.reduce(into: [(Int, [UInt8])]()) { $0.append($1) }
        }
        #expect(together.count == 24)
        for (index, chunk) in together { #expect(chunk == alone[index], "input \(index)") }
    }

    @Test(
        "What is added to a slice to fill the coder's blocks repeats its edge: an even slice of any size makes the same bytes",
        arguments: [[70, 70], [72, 65], [65, 72]])
    func padding(sides: [Int]) throws {
        func coded(_ columns: Int, _ rows: Int) throws -> [UInt8] {
            let stack = try SliceStack(
                columns: columns, rows: rows, count: 2, samples: [UInt16](repeating: 3000, count: columns * rows * 2))
            return try HEVCEncoder.encode(stack, try HEVCParameters(crf: 20, preset: "fast"))
        }
        #expect(try coded(sides[0], sides[1]) == (try coded(72, 72)))
    }
}
