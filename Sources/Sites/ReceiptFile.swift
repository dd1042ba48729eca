internal import Foundation
internal import NIfTIFile
internal import ProgressiveCoding
internal import WireFormat

/// What a receiver confirms, as JSON beside the volumes.
public struct ReceiptFile: Codable, Sendable, Equatable {
    /// One volume.
    public struct Volume: Codable, Sendable, Equatable {
        /// Its name.
        public var name: String
        /// Its file's name within the folder.
        public var file: String
        /// `partial`, `lossy` or `lossless`.
        public var state: String
        /// SHA-256 of the file's uncompressed bytes.
        public var sha256: String
        /// SHA-256 of the source's, as the sender announced it.
        public var sourceSha256: String

        enum CodingKeys: String, CodingKey {
            case name, file, state, sha256
            case sourceSha256 = "source_sha256"
        }
    }
    /// Of this file.
    public var format = 1
    /// The session's name.
    public var session: String
    /// Whether everything the sender planned is here and has the digests it announced.
    public var complete: Bool
    /// How far the sender meant to go.
    public var goal: String
    /// SHA-256 of the chunk table's record; nil when it did not come.
    public var tableSha256: String?
    /// In the order they were sent.
    public var volumes: [Volume]
    /// Bytes of chunk records by layer.
    public var bytesByLayer: [String: Int]
    /// Why the session ended early; nil when it did not.
    public var interruption: String?

    enum CodingKeys: String, CodingKey {
        case format, session, complete, goal, volumes, interruption
        case tableSha256 = "table_sha256"
        case bytesByLayer = "bytes_by_layer"
    }

    /// The file's name within a session's folder.
    public static let name = "receipt.json"

    /// Writes it whole or not at all.
    func write(to folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(Array(try encoder.encode(self)) + [10], to: "\(folder)/\(Self.name)")
    }

    /// Reads one.
    /// - Throws: an error of `JSONDecoder`, or `NIfTIError.Code.notFound`.
    public static func read(folder: String) throws -> ReceiptFile {
        let path = "\(folder)/\(name)"
        guard let data = FileManager.default.contents(atPath: path) else { throw NIfTIError(.notFound, "\(path): no such file") }
        return try JSONDecoder().decode(ReceiptFile.self, from: data)
    }
}
