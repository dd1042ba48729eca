import Foundation
import ExactCodec
import Testing
import TestSupport

@Suite("Streams that may not change")
struct GoldenStreamTests {
    /// A smooth hill in noise, a rough base of it, a rim that is known and a part that stands aside: the same on every machine.
    private static func chunk() throws -> (exact: [UInt16], context: ExactContext) {
        var random = Seeded(11)
        let (columns, rows, slices) = (37, 29, 9)
        var exact: [UInt16] = []
        var base: [UInt16] = []
        var known: [UInt8] = []
        for z in 0..<slices {
            for y in 0..<rows {
                for x in 0..<columns {
                    let hill = 900 - (x - 18) * (x - 18) - (y - 14) * (y - 14) - 4 * (z - 4) * (z - 4)
                    let value = max(0, hill) + Int.random(in: 0...24, using: &random)
                    exact.append(UInt16(value))
                    base.append(UInt16(value / 64 * 64))
                    known.append(x < 3 ? 2 : hill < 640 ? 1 : 0)
                    if x < 3 { base[base.count - 1] = UInt16(value) }
                }
            }
        }
        return (
            exact, try ExactContext(columns: columns, rows: rows, slices: slices, maxCode: 1023, base: base, known: known)
        )
    }

    private static func fingerprint(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }

    @Test("Refinement chunks have the bytes they always had")
    func refinement() throws {
        let (exact, context) = try Self.chunk()
        let stream = try ContextMixingCoder().encode(exact, given: context)
        #expect(stream.count == 4202)
        #expect(Self.fingerprint(stream) == 12_085_810_899_936_082_231)
    }

    @Test("Masks have the bytes they always had")
    func mask() throws {
        let (_, context) = try Self.chunk()
        let stream = try MaskCoder.encode(context.known.map { min($0, 1) }, columns: context.columns, rows: context.rows)
        #expect(stream.count == 109)
        #expect(Self.fingerprint(stream) == 12_288_609_342_622_014_575)
    }

    /// Ten columns, eight rows and three slices of the same, by linear prediction.
    private static let linearStream =
        "b8tRAP6//xkAB/3+AQ0Am/+xACEB2P/U/oQFmP/RAisCNf/y/Nf/5f+rAJ0BQgAgACwACQRPAlADNgDD/2sLHAUTApsHW/eUAVv8+ABfCB75yP3dByUKAwEN"
        + "AQsAAAkDAaMIqQEAAQAAAAEAAJADSYhBgSOAADQOAYZhUDAQBAQDgXBIGBAGQ6MgYDAABUAhERgcFITBAcEgDAqDBUBgUAAECkHAUAAgCANDIBAoCAqHgABg"
        + "GAgSgQKBAAAQDoMBYAAgCAaEAOEAABQCBQEBMAgEAoMAICAIDAIEwEAQIAQOg8BAQCAAAIDAQXBAAASFQEEQIBAEA4JBACgQAAEDYBAYCAaFgSAAAAAAggDA"
        + "ECAICgZAoAA="

    @Test("A chunk by linear prediction that was coded once is decoded to the same codes by every later version")
    func linear() throws {
        let (exact, context) = try Self.small()
        let stream = try LinearCoder().encode(exact, given: context)
        #expect(Data(stream).base64EncodedString() == Self.linearStream)
        let decoded = try LinearCoder().decode(Array(try #require(Data(base64Encoded: Self.linearStream))), given: context)
        #expect(exact.indices.allSatisfy { context.known[$0] != ExactContext.takesPart || decoded[$0] == exact[$0] })
    }

    private static func small() throws -> (exact: [UInt16], context: ExactContext) {
        var random = Seeded(12)
        let exact = (0..<240).map { UInt16(400 + 9 * ($0 % 10) + 5 * ($0 / 10 % 8) + Int.random(in: 0...6, using: &random)) }
        let known = (0..<240).map { $0 % 10 == 0 ? ExactContext.aside : $0 % 10 == 9 ? ExactContext.neighbour : 0 }
        return (exact, try ExactContext(columns: 10, rows: 8, slices: 3, maxCode: 1023, base: exact, known: known))
    }

    @Test("Every byte of a chunk that is changed is noticed")
    func damage() throws {
        let (exact, context) = try Self.chunk()
        let stream = try ContextMixingCoder().encode(exact, given: context)
        for place in stride(from: 0, to: stream.count, by: 97) {
            var changed = stream
            changed[place] ^= 0x10
            #expect(throws: ExactCodecError.self) { try ContextMixingCoder().decode(changed, given: context) }
        }
    }
}
