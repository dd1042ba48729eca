import Faults
import Bytes
import Testing
import VolumeModel
import WireFormat

@Suite("The format's limits")
struct LimitTests {
    private func fragment(ordinal: UInt32 = 0, total: UInt32, offset: UInt32, count: Int) -> [UInt8] {
        Datagram.data(
            Fragment(
                ordinal: ordinal, totalByteCount: total, offset: offset, departureMicroseconds: 0,
                payload: [UInt8](repeating: 1, count: count)[...])
        ).encoded()
    }

    private func code(_ bytes: [UInt8]) -> FormatError.Code? { refusal { _ = try Datagram(decoding: bytes) }?.code }

    @Test("A full fragment and its seal fill a datagram to its last byte")
    func fullFragment() {
        let limit = Fragment.payloadLimit
        let bytes = fragment(total: UInt32(limit) + 1, offset: 0, count: limit)
        #expect(bytes.count + Datagram.sealByteCount == WireLimits.datagramByteCount)
        #expect(code(bytes) == nil)
        #expect(code(fragment(total: UInt32(limit) + 1, offset: UInt32(limit), count: 1)) == nil)
        #expect(code(bytes + [0]) == .invalidField)
        #expect(code(bytes + [UInt8](repeating: 0, count: 17)) == .limitExceeded)
    }

    @Test("A fragment that is no piece of its chunk is refused")
    func fragments() {
        let limit = UInt32(Fragment.payloadLimit)
        #expect(code(fragment(total: 10, offset: 0, count: 9)) == .invalidField, "too short")
        #expect(code(fragment(total: 10, offset: 0, count: 11)) == .invalidField, "too long")
        #expect(code(fragment(total: 10, offset: 10, count: 0)) == .invalidField, "past the end")
        #expect(code(fragment(total: 10, offset: 5, count: 5)) == .invalidField, "not on a boundary")
        #expect(code(fragment(total: limit * 2, offset: limit * 2, count: 0)) == .invalidField, "at the end")
        #expect(code(fragment(total: 0, offset: 0, count: 0)) == .limitExceeded, "an empty chunk")
    }

    @Test("Chunks beyond the greatest length or number are refused")
    func chunks() {
        let limit = Fragment.payloadLimit
        let greatest = UInt32(WireLimits.chunkByteCount)
        #expect(code(fragment(total: greatest, offset: 0, count: limit)) == nil)
        #expect(code(fragment(total: greatest + 1, offset: 0, count: limit)) == .limitExceeded)
        #expect(code(fragment(total: .max, offset: 0, count: limit)) == .limitExceeded)
        #expect(code(fragment(ordinal: 16_383, total: 1, offset: 0, count: 1)) == nil)
        #expect(code(fragment(ordinal: 16_384, total: 1, offset: 0, count: 1)) == .limitExceeded)
        #expect(code(fragment(ordinal: .max, total: 1, offset: 0, count: 1)) == .limitExceeded)
    }

    @Test("A piece from a journal is held against the rules of one from the network")
    func storedFragments() {
        let limit = UInt32(Fragment.payloadLimit)
        func stored(_ ordinal: UInt32, total: UInt32, offset: UInt32, count: UInt32) -> Fragment? {
            Fragment(
                ordinal: ordinal, checkedTotal: total, offset: offset, payload: [UInt8](repeating: 1, count: Int(count))[...])
        }
        #expect(stored(0, total: limit + 1, offset: limit, count: 1)?.offset == limit)
        #expect(stored(16_384, total: 1, offset: 0, count: 1) == nil, "no such chunk")
        #expect(stored(0, total: 0, offset: 0, count: 0) == nil, "an empty chunk")
        #expect(stored(0, total: 64 << 20 | 1, offset: 0, count: limit) == nil, "too large a chunk")
        #expect(stored(0, total: 10, offset: 10, count: 0) == nil, "past the end")
        #expect(stored(0, total: 10, offset: 5, count: 5) == nil, "not on a boundary")
        #expect(stored(0, total: 10, offset: 0, count: 9) == nil, "too short")
    }

    @Test("A record larger than a chunk may be is refused before it is sent")
    func record() throws {
        let limit = WireLimits.chunkByteCount - 49
        #expect(
            try ChunkRecord(coder: 1, payload: [UInt8](repeating: 0, count: limit)).encoded().count == WireLimits.chunkByteCount)
        #expect(
            refusal { _ = try ChunkRecord(coder: 1, payload: [UInt8](repeating: 0, count: limit + 1)).encoded() }?.code
                == .limitExceeded)
    }

    @Test("A .fovea file's chunks obey the same limits")
    func container() {
        let header = FoveaContainer.header
        func code(_ text: String) -> FormatError.Code? { refusal { _ = try FoveaContainer.chunks(of: header + hex(text)) }?.code }
        #expect(code("00003fff 00000000") == nil)
        #expect(code("00004000 00000000") == .limitExceeded)
        #expect(code("00000001 04000001") == .limitExceeded)
        #expect(code("00000001 ffffffff") == .limitExceeded)
        #expect(code("00000001 04000000") == .truncated)
    }

    @Test("Empty, reversed and endless ranges of acknowledged chunks are refused")
    func ranges() {
        func code(_ text: String) -> FormatError.Code? { self.code(hex("f5 02 05 0001" + text)) }
        #expect(code("00000000 00004000") == nil)
        #expect(code("00000003 00000003") == .invalidField)
        #expect(code("00000004 00000003") == .invalidField)
        #expect(code("00000000 00004001") == .invalidField)
        #expect(code("00000000 ffffffff") == .invalidField)
        #expect(self.code(hex("f5 02 05 ffff 00000000 00000001")) == .truncated)
        #expect(self.code(hex("f5 02 05 0000")) == nil)
    }

    @Test("An acknowledgement holds as many ranges as a datagram takes, and leaves out the rest")
    func manyRanges() throws {
        let ranges = (0..<400).map { (index: UInt32) -> Range<UInt32> in 2 * index..<2 * index + 1 }
        let bytes = Datagram.acknowledgement(ranges).encoded()
        #expect(bytes.count + Datagram.sealByteCount <= WireLimits.datagramByteCount)
        #expect(bytes.count + Datagram.sealByteCount > WireLimits.datagramByteCount - 8)
        #expect(try Datagram(decoding: bytes) == .acknowledgement(Array(ranges.prefix(Datagram.rangeLimit))))
    }

    @Test("Counts larger than the bytes that follow are refused before anything of that size is allocated")
    func counts() throws {
        #expect(
            refusal { _ = try ChunkTable(decoding: hex("00004000") + [UInt8](repeating: 0, count: 200)) }?.code == .limitExceeded)
        #expect(refusal { _ = try ChunkTable(decoding: hex("ffffffff")) }?.code == .limitExceeded)
        #expect(refusal { _ = try ChunkTable(decoding: hex("00000000 11")) }?.code == .limitExceeded, "17 outcomes")
        #expect(refusal { _ = try ChunkTable(decoding: hex("00000000 10")) }?.code == .truncated)
        #expect(refusal { _ = try Manifest(decoding: hex("01 00")) }?.code == .limitExceeded, "no volume")
        #expect(refusal { _ = try Manifest(decoding: hex("01 11")) }?.code == .limitExceeded, "17 volumes")
        #expect(self.code(hex("f5 02 07 \(digestOfFovea) 11")) == .limitExceeded, "a receipt for 17 volumes")
        var manifest = try Samples.manifest().encoded()
        // The last three bytes are the second volume's count of regions, greatest error and count of chunks.
        manifest.removeLast(3)
        func code(after tail: String) -> FormatError.Code? { refusal { _ = try Manifest(decoding: manifest + hex(tail)) }?.code }
        #expect(code(after: "41") == .limitExceeded, "65 regions")
        #expect(code(after: "40") == .truncated)
        #expect(code(after: "00 8080 02") == .limitExceeded, "a greatest error of 32767")
        #expect(code(after: "00 00 8080 01") == .truncated, "16384 chunks")
        #expect(code(after: "00 00 8180 01") == .limitExceeded, "16385 chunks")
        #expect(code(after: "00 00 ffffffffffffffff7f") == .limitExceeded)
        #expect(code(after: "00 00 ffffffffffffffffff01") == .invalidField, "longer than any number")
    }

    @Test("More chunks in all than a session may have are refused")
    func chunksInAll() throws {
        func volume(_ name: String, _ count: Int) throws -> VolumeManifest {
            VolumeManifest(
                name: try Name(name), header: [UInt8](repeating: 0, count: 348), extensionByteCount: 0, trailerByteCount: 0,
                sourceDigest: Digest(of: []), low: 0, high: 1, bitDepth: 8, fill: 0, content: nil, regionSource: .box, regions: [],
                plan: [PlannedChunk](
                    repeating: PlannedChunk(layer: .mask, box: try StackedBox(parsing: "0:1,0:1,0:1")), count: count))
        }
        let fits = Manifest(goal: .roi, volumes: [try volume("a", 8000), try volume("b", 8382)])
        #expect(try Manifest(decoding: fits.encoded()) == fits)
        #expect(fits.tableOrdinal == 16_383)
        let tooMany = Manifest(goal: .roi, volumes: [try volume("a", 8000), try volume("b", 8383)])
        #expect(refusal { _ = try Manifest(decoding: tooMany.encoded()) }?.code == .limitExceeded)
        let twins = Manifest(goal: .roi, volumes: [try volume("a", 1), try volume("a", 1)])
        #expect(refusal { _ = try Manifest(decoding: twins.encoded()) }?.code == .invalidField)
    }

    @Test("A manifest's fields outside their ranges are refused")
    func manifestFields() throws {
        func code(
            header: Int = 348, low: Double = 0, high: Double = 1, depth: UInt8 = 12, layer: Layer = .roiBase, region: Int = 0,
            knee: Double? = nil,
            name: String = "a"
        )
            throws -> FormatError.Code?
        {
            let volume = VolumeManifest(
                name: try Name(name), header: [UInt8](repeating: 0, count: header), extensionByteCount: 0, trailerByteCount: 0,
                sourceDigest: Digest(of: []), low: low, high: high, bitDepth: depth,
                knee: knee.map { Knee(sample: 3840, value: $0) }, fill: 0, content: nil, regionSource: .box,
                regions: [],
                plan: [PlannedChunk(layer: layer, region: region, box: try StackedBox(parsing: "0:1,0:1,0:1"))])
            return refusal { _ = try Manifest(decoding: Manifest(goal: .roi, volumes: [volume]).encoded()) }?.code
        }
        #expect(try code() == nil)
        #expect(try code(header: 349) == .invalidField)
        #expect(try code(low: 2) == .invalidField)
        #expect(try code(low: .nan) == .invalidField)
        #expect(try code(high: .infinity) == .invalidField)
        #expect(try code(depth: 9) == .invalidField)
        #expect(try code(knee: 0.5) == nil)
        for knee in [0, 1, -1, 2, .nan] as [Double] { #expect(try code(knee: knee) == .invalidField, "a knee at \(knee)") }
        for ending in VolumeManifest.reservedEndings { #expect(try code(name: "a" + ending) == .invalidField, "a\(ending)") }
        #expect(try code(depth: 16) == .invalidField)
        #expect(try code(layer: .manifest) == .invalidField)
        #expect(try code(layer: .table) == .invalidField)
        #expect(try code(region: 63) == nil)
        #expect(try code(region: 64) == .limitExceeded)
    }

    @Test("A long abort message is cut at a whole character")
    func abortMessage() throws {
        let moving = Abort(reason: .failed, message: "a\u{1b}[2J\rb\u{202e}c")
        #expect(try Datagram(decoding: Datagram.abort(moving).encoded()) == .abort(Abort(reason: .failed, message: "a?[2J?b?c")))
        let abort = Abort(reason: .failed, message: String(repeating: "é", count: 600))
        #expect(abort.message.utf8.count == 512)
        #expect(try Datagram(decoding: Datagram.abort(abort).encoded()) == .abort(abort))
        let euro = Abort(reason: .failed, message: String(repeating: "€", count: 600))
        #expect(euro.message.utf8.count == 510)
        #expect(code(hex("f5 02 09 0001 0201") + [UInt8](repeating: 0x61, count: 513)) == .limitExceeded)
    }

    @Test("A manifest that announces more chunks than its bytes can hold is refused for that, before there is room made for them")
    func announcedChunks() throws {
        // Its last byte is the count of the last volume's chunks.
        let bytes = try Samples.manifest().encoded()
        #expect(bytes.last == 0)
        for (rest, count) in [(0, 1), (7, 1), (8, 2), (100, 16_000)] {
            let varint = count < 128 ? [UInt8(count)] : [UInt8(count & 0x7f) | 0x80, UInt8(count >> 7)]
            let fault = refusal { _ = try Manifest(decoding: bytes.dropLast() + varint + [UInt8](repeating: 1, count: rest)) }
            #expect(fault?.code == .truncated)
            #expect(fault?.message == "\(count) chunks in \(rest) bytes")
        }
    }

    @Test("Of a .fovea file that is cut off, every chunk before the cut is read, and the cut is told")
    func cutOff() throws {
        let entries = [FoveaContainer.entry(ordinal: 0, record: [1, 2]), FoveaContainer.entry(ordinal: 7, record: [3, 4, 5])]
        let bytes = FoveaContainer.header + entries[0] + entries[1]
        for count in FoveaContainer.header.count...bytes.count {
            let contents = try FoveaContainer.contents(of: Array(bytes[..<count]))
            let whole = count < 18 ? 0 : count < bytes.count ? 1 : 2
            #expect(contents.chunks.map(\.ordinal) == Array([0, 7].prefix(whole)), "\(count) bytes")
            #expect(contents.isCutOff == ![8, 18, bytes.count].contains(count), "\(count) bytes")
        }
    }
}
