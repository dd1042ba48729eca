import Faults
import Bytes
import Testing
import VolumeModel
import WireFormat

@Suite("The limits of what a receiver asks for")
struct FocusLimitTests {
    private let box = "0:1,0:1,0:1"

    private func request(_ number: UInt32, volume: UInt8 = 0) throws -> FormatError.Code? {
        let bytes = Datagram.focus(Focus(number: number, volume: volume, box: try StackedBox(parsing: box))).encoded()
        return refusal { _ = try Datagram(decoding: bytes) }?.code
    }

    @Test("Requests are numbered from 1 to 256, on volumes that a session can have")
    func requests() throws {
        #expect(Focus.limit == 256)
        #expect(try request(1) == nil)
        #expect(try request(256, volume: 15) == nil)
        #expect(try request(0) == .limitExceeded)
        #expect(try request(257) == .limitExceeded)
        #expect(try request(.max) == .limitExceeded)
        #expect(try request(1, volume: 16) == .limitExceeded)
    }

    @Test("A request for an empty box, or for one of numbers that are too great, is refused")
    func boxes() {
        func code(_ box: String) -> FormatError.Code? {
            refusal { _ = try Datagram(decoding: hex("f5 02 0d 00000001 00" + box)) }?.code
        }
        #expect(code("00 01 00 01 00 01") == nil)
        #expect(code("00 00 00 01 00 01") == .invalidField)
        #expect(code("00 01 00 01 00 00") == .invalidField)
        #expect(code("8080808020 01 00 01 00 01") == .limitExceeded)
        #expect(code("00 ffffffffffffffff7f 00 01 00 01") == .limitExceeded)
        #expect(code("00 01 00 01 00") == .truncated)
        #expect(code("00 01 00 01 00 01 00") == .trailingBytes)
    }

    @Test("Every request fits into a datagram, its seal included")
    func size() throws {
        let greatest = Datagram.focus(
            Focus(number: 256, volume: 15, box: try StackedBox(x: 0..<1 << 31, y: 0..<1 << 31, z: 0..<1 << 31)))
        #expect(try Datagram(decoding: greatest.encoded()) == greatest)
        #expect(greatest.encoded().count + Datagram.sealByteCount <= 64)
    }

    @Test("A part that an answer cannot have is refused")
    func parts() throws {
        func code(
            _ focus: UInt32 = 1, volume: Int = 0, part: Int = 0, of partCount: Int = 1, box: String = "0:1,0:1,0:32"
        ) throws -> FormatError.Code? {
            let bytes = FocusChunk(
                focus: focus, volume: volume, part: part, partCount: partCount, box: try StackedBox(parsing: box), slices: []
            ).encoded()
            return refusal { _ = try FocusChunk(decoding: bytes) }?.code
        }
        #expect(try code() == nil)
        #expect(try code(256, volume: 15, part: 4095, of: 4096) == nil)
        #expect(try code(0) == .limitExceeded)
        #expect(try code(257) == .limitExceeded)
        #expect(try code(volume: 16) == .limitExceeded)
        #expect(try code(part: 1, of: 1) == .limitExceeded)
        #expect(try code(part: 0, of: 0) == .limitExceeded)
        #expect(try code(part: 0, of: 4097) == .limitExceeded)
        #expect(try code(box: "0:1,0:1,7:40") == .limitExceeded, "33 slices")
    }

    @Test("A part cut short within its fields is refused")
    func truncated() throws {
        let bytes = try Samples.focusChunk().encoded()
        for count in 0..<bytes.count - 3 {
            #expect(refusal { _ = try FocusChunk(decoding: Array(bytes[..<count])) } != nil, "\(count) bytes")
        }
    }

    @Test("No plan names a chunk for a request")
    func plan() throws {
        var bytes = try Samples.manifest().encoded()
        // The plan's first chunk: layer 1, region 0, and its box.
        let entry = hex("01 00 0303 0303 0103")
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: entry) })
        bytes[place] = 10
        #expect(refusal { _ = try Manifest(decoding: bytes) }?.code == .invalidField)
    }
}
