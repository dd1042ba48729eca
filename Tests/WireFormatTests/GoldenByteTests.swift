import Bytes
import Testing
import VolumeModel
import WireFormat

@Suite("The format's bytes, which may not change")
struct GoldenByteTests {
    @Test("Every kind of datagram has the bytes the format says")
    func datagrams() throws {
        let nonce = "000102030405060708090a0b0c0d0e0f"
        let golden = [
            // magic, version, kind; goal, elapsed, round trip, whether it resumes, random bytes, name
            "f5 02 01  03  0000000000000102  000080e8  01  \(nonce)  03 732d31",
            // ordinal, total, offset, departure, payload
            "f5 02 02  00000003  00000005  00000000  deadbeef  0102030405",
            // sequence, departure, whether it asks
            "f5 02 03  00000009  0000000a  01",
            // bytes, datagrams, last arrival; arrivals, their bytes and time, least delay, echo, hold
            "f5 02 04  0000010000000000  0000000000000102  0000000000000007"
                + "00000008  00000900  000a0000  ffffffff  deadbeef  0000000c",
            // count, first and past-last chunk of each range
            "f5 02 05  0002  00000000 00000001  00000004 00004000",
            // table digest
            "f5 02 06  \(digestOfFovea)",
            // table digest, count, state and digest of each volume
            "f5 02 07  \(digestOfFovea)  01  02 \(digestOfNothing)",
            "f5 02 08",
            // reason, length, text
            "f5 02 09  0003  0009  6469736b2066756c6c",
            // standing, random bytes, manifest's digest, pages
            "f5 02 0a  01  \(nonce)  \(digestOfFovea)  00000400",
            // answer, page, pages, count; ordinal, total, first and past-last piece of each run
            "f5 02 0b  00000006  0001  0002  00000002  00000000 00000005 00000000 00000001"
                + "00003fff 04000000 00000002 0000b87b",
            // ordinal, total, block, index, departure, payload
            "f5 02 0c  00000003  00030d40  0001  7e  deadbeef" + String(repeating: "a5", count: 1421),
            // number, volume, box: starts and lengths
            "f5 02 0d  00000100  01  0303 ac0205 0103",
        ].map(hex)
        let datagrams = try Samples.datagrams()
        try #require(datagrams.count == golden.count)
        for (datagram, bytes) in zip(datagrams, golden) {
            #expect(datagram.encoded() == bytes)
            #expect(try Datagram(decoding: bytes) == datagram)
        }
    }

    @Test("A manifest has the bytes the format says")
    func manifest() throws {
        let first = hex("02 02  05 666c616972  08 666c61697220c3a9  015c") + [UInt8](repeating: 0x5c, count: 348)
        // extensions, trailer (a varint), digest, low, high, depth, knee, fill
        let mapping = hex(
            "04  ac02  \(digestOfFovea)  c090000000000000  40a7fe0000000000  0c  801e 408c200000000000  000000000000fc00")
        // content, source, regions, maximum error
        let regions = hex("01 0108 0206 0005  05 61  01 0303 0303 0103  05")
        // plan: layer, region, starts and lengths
        let plan = hex("02  01 00 0303 0303 0103  08 00 00ac02 00c801 009b01")
        let second = hex("02 7431  02 7431  021c") + [UInt8](repeating: 0x5d, count: 540)
        let rest = hex("00 00 \(digestOfNothing) 0000000000000000 0000000000000000 08 00 0000000000000000 00 04 ff 00 00 00")
        let golden = first + mapping + regions + plan + second + rest
        #expect(try Samples.manifest().encoded() == golden)
        #expect(try Manifest(decoding: golden) == Samples.manifest())
    }

    @Test("A chunk record begins with the SHA-256 of the rest")
    func record() throws {
        // digest; coder, greatest error, squared error, payload
        let golden = hex(
            "0e7bbc20d7b3c0551e55583eec40c6128c68fe8ff0434115848039426d5c002c  07  4004000000000000  3fe8000000000000  01020304")
        #expect(try Samples.record().encoded() == golden)
        #expect(try ChunkRecord(decoding: golden) == Samples.record())
        #expect(ChunkRecord.digest(of: golden)?.bytes == Array(golden[..<32]))
        #expect(ChunkRecord.digest(of: Array(golden[..<31])) == nil)
    }

    @Test("A part of an answer to a request has the bytes the format says")
    func focusChunk() throws {
        // request, volume, part, parts, box, slices
        let golden = hex("00000002  01  0003  0102  0303 ac0205 0103  aabbcc")
        #expect(try Samples.focusChunk().encoded() == golden)
        #expect(try FocusChunk(decoding: golden) == Samples.focusChunk())
    }

    @Test("A chunk table has the bytes the format says")
    func table() throws {
        // count; length, digest, greatest error, squared error; outcomes: count, state, digest
        let golden = hex("00000001  00000201 \(digestOfFovea) 4004000000000000 3fe8000000000000  01  01 \(digestOfNothing)")
        #expect(Samples.table().encoded() == golden)
        #expect(try ChunkTable(decoding: golden) == Samples.table())
    }

    @Test("A .fovea file has the bytes the format says")
    func container() throws {
        let golden = hex("464f56454100 0002  00000000 00000002 aabb  00000102 00000000")
        #expect(
            FoveaContainer.header + FoveaContainer.entry(ordinal: 0, record: [0xaa, 0xbb])
                + FoveaContainer.entry(ordinal: 258, record: [])
                == golden)
        let chunks = try FoveaContainer.chunks(of: golden)
        #expect(chunks.map(\.ordinal) == [0, 258])
        #expect(chunks.map(\.record) == [[0xaa, 0xbb], []])
        #expect(FoveaContainer.isContainer(golden))
        #expect(try FoveaContainer.chunks(of: FoveaContainer.header).isEmpty)
    }

    @Test("Numbers of layers, goals, states, sources and reasons are fixed")
    func numbers() {
        #expect(Layer.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        #expect(Goal.allCases.map(\.rawValue) == [1, 2, 3])
        #expect([VolumeState.partial, .lossy, .lossless].map(\.rawValue) == [0, 1, 2])
        #expect([RegionSource.mask, .box, .threshold, .everything, .model, .unsure].map(\.rawValue) == [1, 2, 3, 4, 5, 6])
        #expect([Abort.Reason.cancelled, .refused, .failed].map(\.rawValue) == [1, 2, 3])
        #expect([Welcome.Standing.fresh, .begun, .complete].map(\.rawValue) == [0, 1, 2])
        #expect(Fragment.payloadLimit == 1421 && Parity.payloadByteCount == 1421 && Parity.blockLimit == 128)
        #expect(Datagram.sealByteCount == 16 && Hello.nonceByteCount == 16 && Report.noEcho == .max)
        #expect(Datagram.version == 2)
    }

    @Test("A digest is SHA-256, at once or piece by piece")
    func digest() {
        #expect(Digest(of: []).description == digestOfNothing)
        #expect(Digest(of: Array("fovea".utf8)).description == digestOfFovea)
        var builder = DigestBuilder()
        for piece in ["fo", "", "vea"] { Array(piece.utf8).withUnsafeBytes { builder.update($0) } }
        #expect(builder.finish().description == digestOfFovea)
    }
}
