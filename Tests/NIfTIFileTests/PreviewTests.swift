import NIfTIFile
import Testing
import VolumeModel

@Suite("Headers of previews")
struct PreviewTests {
    private func header(_ description: String, version: Int = 1) throws -> NIfTIHeader {
        guard version == 2 else {
            return try NIfTIHeader.make(
                shape: try Shape(columns: 3, rows: 4, slices: 5), voxelType: .int16, affine: .identity, description: description)
        }
        var header = HeaderBytes(version: 2, sides: [3, 4, 5], type: .int16)
        let text = Array(description.utf8)
        header.bytes.replaceSubrange(240..<240 + text.count, with: text)
        return try NIfTIHeader(bytes: header.bytes)
    }

    /// `descrip` as C reads it.
    private func description(of header: NIfTIHeader) -> String {
        let start = header.version == 1 ? 148 : 240
        return String(decoding: header.bytes[start..<start + 80].prefix { $0 != 0 }, as: UTF8.self)
    }

    @Test("A preview says so in descrip, before what stood there")
    func said() throws {
        #expect(description(of: try header("").asPreview()) == "PREVIEW, not for diagnosis")
        #expect(description(of: try header("FSL 6.0").asPreview()) == "PREVIEW, not for diagnosis; FSL 6.0")
    }

    @Test("It is said once, and nothing else in the header changes")
    func once() throws {
        let original = try header("FSL 6.0")
        let preview = try original.asPreview()
        #expect(try preview.asPreview() == preview)
        #expect(preview.bytes.count == original.bytes.count)
        for index in original.bytes.indices where !(148..<228).contains(index) {
            #expect(preview.bytes[index] == original.bytes[index])
        }
    }

    @Test("A long descrip is cut at 79 bytes, between characters, and the last byte is zero", arguments: ["x", "é", "検"])
    func long(_ character: String) throws {
        let field = Array(String(repeating: character, count: 80).utf8.prefix(80))
        var bytes = try header("").bytes
        bytes.replaceSubrange(148..<228, with: field)
        let preview = try NIfTIHeader(bytes: bytes).asPreview()
        #expect(preview.bytes[227] == 0)
        let text = description(of: preview)
        #expect(text.hasPrefix("PREVIEW, not for diagnosis; \(character)"))
        #expect(!text.dropLast().contains("\u{FFFD}"))
        #expect(text.utf8.count <= 79)
    }

    @Test("NIfTI-2 has it in its own place")
    func version2() throws {
        let preview = try header("old", version: 2).asPreview()
        #expect(preview.version == 2)
        #expect(description(of: preview) == "PREVIEW, not for diagnosis; old")
    }
}
