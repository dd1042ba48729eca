import Faults
import Bytes
import Testing
import VolumeModel
import WireFormat

@Suite("What the format refuses")
struct RefusalTests {
    @Test("Every datagram cut short anywhere is refused, and so is one with a byte too many")
    func truncatedDatagrams() throws {
        for datagram in try Samples.datagrams() {
            let bytes = datagram.encoded()
            for count in 0..<bytes.count {
                #expect(refusal { _ = try Datagram(decoding: Array(bytes[..<count])) } != nil, "\(datagram), \(count) bytes")
            }
            #expect(refusal { _ = try Datagram(decoding: bytes + [0]) } != nil, "\(datagram)")
        }
        #expect(refusal { _ = try Datagram(decoding: Datagram.bye.encoded() + [0]) }?.code == .trailingBytes)
    }

    @Test("A manifest, a record and a table cut short anywhere are refused")
    func truncatedChunks() throws {
        let manifest = try Samples.manifest().encoded()
        for count in 0..<manifest.count {
            #expect(refusal { _ = try Manifest(decoding: Array(manifest[..<count])) } != nil, "\(count) bytes")
        }
        let record = try Samples.record().encoded()
        for count in 0..<record.count {
            #expect(refusal { _ = try ChunkRecord(decoding: Array(record[..<count])) } != nil, "\(count) bytes")
        }
        let table = Samples.table().encoded()
        for count in 0..<table.count {
            #expect(refusal { _ = try ChunkTable(decoding: Array(table[..<count])) } != nil, "\(count) bytes")
        }
        #expect(refusal { _ = try Manifest(decoding: manifest + [0]) }?.code == .trailingBytes)
        #expect(refusal { _ = try ChunkTable(decoding: table + [0]) }?.code == .trailingBytes)
    }

    @Test("A .fovea file cut short within a chunk is refused")
    func truncatedContainer() throws {
        let header = FoveaContainer.header
        let entry = FoveaContainer.entry(ordinal: 1, record: [1, 2, 3])
        for count in 0..<(header.count + entry.count) where count != header.count {
            let code = refusal { _ = try FoveaContainer.chunks(of: Array((header + entry)[..<count])) }?.code
            #expect(code == (count < 6 ? .notFovea : .truncated), "\(count) bytes")
        }
    }

    @Test("Any damaged bit of a record is told by its digest")
    func damagedRecord() throws {
        let record = try Samples.record().encoded()
        for bit in 0..<record.count * 8 {
            var damaged = record
            damaged[bit >> 3] ^= 1 << UInt8(bit & 7)
            #expect(refusal { _ = try ChunkRecord(decoding: damaged) }?.code == .digestMismatch, "bit \(bit)")
        }
    }

    @Test("A record of negative or undefined errors is refused though its digest is right", arguments: [-1.0, -.infinity, .nan])
    func badErrors(value: Double) throws {
        for record in [
            ChunkRecord(coder: 1, maxAbsoluteError: value, payload: []),
            ChunkRecord(coder: 1, meanSquaredError: value, payload: []),
        ] {
            let bytes = try record.encoded()
            #expect(refusal { _ = try ChunkRecord(decoding: bytes) }?.code == .invalidField)
        }
    }

    @Test("Another version is refused as such, whatever follows")
    func version() throws {
        for datagram in try Samples.datagrams() {
            var bytes = datagram.encoded()
            bytes[1] = 1
            #expect(refusal { _ = try Datagram(decoding: bytes) }?.code == .unsupportedVersion)
        }
        #expect(refusal { _ = try Datagram(decoding: [0xf5, 1]) }?.message.contains("version 1") == true)
        var file = FoveaContainer.header
        file[7] = 1
        #expect(refusal { _ = try FoveaContainer.chunks(of: file) }?.code == .unsupportedVersion)
        file[6] = 1
        #expect(refusal { _ = try FoveaContainer.chunks(of: file + [1, 2, 3]) }?.code == .unsupportedVersion)
    }

    @Test("What is not Fovea's is refused as such")
    func notFovea() {
        #expect(refusal { _ = try Datagram(decoding: [0x47, 1, 1]) }?.code == .notFovea)
        #expect(refusal { _ = try Datagram(decoding: []) }?.code == .truncated)
        #expect(refusal { _ = try FoveaContainer.chunks(of: []) }?.code == .notFovea)
        #expect(refusal { _ = try FoveaContainer.chunks(of: Array("FOVEB\0\0\u{1}".utf8)) }?.code == .notFovea)
        #expect(!FoveaContainer.isContainer(Array("FOVEA".utf8)))
    }

    @Test("A kind this version does not know is refused by its number", arguments: [0, 14, 255] as [UInt8])
    func unknownKind(kind: UInt8) {
        let error = refusal { _ = try Datagram(decoding: [0xf5, 2, kind, 0, 0, 0]) }
        #expect(error?.code == .unknownKind)
        #expect(error?.message.contains("kind \(kind) ") == true)
    }

    @Test("Values outside their lists are refused")
    func unknownValues() throws {
        let datagrams = try Samples.datagrams().map { $0.encoded() }
        func code(_ index: Int, _ position: Int, _ value: UInt8) -> FormatError.Code? {
            var bytes = datagrams[index]
            bytes[position] = value
            return refusal { _ = try Datagram(decoding: bytes) }?.code
        }
        #expect(code(0, 3, 0) == .invalidField, "goal 0")
        #expect(code(0, 3, 4) == .invalidField, "goal 4")
        #expect(code(6, 36, 3) == .invalidField, "volume state 3")
        #expect(code(8, 4, 0) == .invalidField, "abort reason 0")
        #expect(code(8, 7, 0xff) == .invalidField, "a message that is not UTF-8")
        #expect(code(0, 34, UInt8(ascii: "/")) == .invalidField, "a session's name with a slash")
        #expect(code(0, 16, 2) == .invalidField, "resumes 2")
        #expect(code(2, 11, 2) == .invalidField, "asks 2")
        #expect(code(9, 3, 3) == .invalidField, "standing 3")
    }
}
