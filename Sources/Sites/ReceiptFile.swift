internal import Foundation
internal import HEVCCodec
internal import NIfTIFile
internal import ProgressiveCoding
internal import VolumeModel
internal import WireFormat

/// What a receiver confirms, as JSON beside the volumes: what each file is, how far each part of it can be off, and what made it.
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
        /// SHA-256 of the bytes of its header alone.
        public var headerSha256: String
        /// SHA-256 of its voxels alone.
        public var voxelsSha256: String
        /// SHA-256 of the source's, as the sender announced it.
        public var sourceSha256: String
        /// Each region of interest.
        public var regions: [Part]
        /// Everything else.
        public var background: Part

        enum CodingKeys: String, CodingKey {
            case name, file, state, sha256, regions, background
            case headerSha256 = "header_sha256"
            case voxelsSha256 = "voxels_sha256"
            case sourceSha256 = "source_sha256"
        }
    }
    /// A part of a volume.
    public struct Part: Codable, Sendable, Equatable {
        /// Voxel indices, ends exclusive, of the slices of one time point; nil for the rest of a volume.
        public var box: String?
        /// `missing`, `base`, `bounded` or `exact`.
        public var stage: String
        /// The greatest absolute error in it, in stored units; nil while it is not known.
        public var maxError: Double?

        enum CodingKeys: String, CodingKey {
            case box, stage
            case maxError = "max_error"
        }

        init(_ standing: RegionStanding) {
            box = standing.box?.description
            stage = standing.stage.rawValue
            // JSON has no infinity; where values are not finite, the error is not known.
            maxError = standing.maxAbsoluteError.flatMap { $0.isFinite ? $0 : nil }
        }
    }

    /// Of this file.
    public var format = 2
    /// What wrote it, and what it decoded with.
    public var versions = ["fovea": FoveaVersion.text, "wire": String(Datagram.version), "libde265": HEVCDecoder.libraryVersion]
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
    /// The Ed25519 key it is signed with, in hexadecimal digits; nil when it is not signed.
    public var publicKey: String?

    enum CodingKeys: String, CodingKey {
        case format, versions, session, complete, goal, volumes, interruption
        case tableSha256 = "table_sha256"
        case bytesByLayer = "bytes_by_layer"
        case publicKey = "public_key"
    }

    /// The file's name within a session's folder.
    public static let name = "receipt.json"
    /// Its signature's: 64 bytes over the bytes of the file, as RFC 8032 has it.
    public static let signatureName = "receipt.json.sig"

    init(
        session: String, complete: Bool, goal: String, tableSha256: String?, volumes: [Volume], bytesByLayer: [String: Int],
        interruption: String?
    ) {
        self.session = session
        self.complete = complete
        self.goal = goal
        self.tableSha256 = tableSha256
        self.volumes = volumes
        self.bytesByLayer = bytesByLayer
        self.interruption = interruption
    }

    /// Writes it whole or not at all, its signature first: a receipt that names a key is never without.
    func write(to folder: String, signedWith key: ReceiptKey?) throws {
        var copy = self
        copy.publicKey = key?.publicKey.hex
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let bytes = Array(try encoder.encode(copy)) + [10]
        if let key { try AtomicFile.write(try key.signature(of: bytes), to: "\(folder)/\(Self.signatureName)") }
        try AtomicFile.write(bytes, to: "\(folder)/\(Self.name)")
    }

    /// Where a volume's file is. The receipt may have been altered: nothing it says leads out of the folder.
    /// - Throws: `WireError.Code.invalidField` when the name is none.
    public func path(of volume: Volume, in folder: String) throws -> String {
        let state: VolumeState = [.partial, .lossy, .lossless].first { $0.name == volume.state } ?? .partial
        return "\(folder)/\(SessionFolder.fileName(try Name(volume.name), state, isComplete: complete))"
    }

    /// Who vouches for a receipt.
    public enum Signature: Sendable, Equatable {
        /// Nobody.
        case none
        /// Whoever has this key; whether that is the right one is not known.
        case valid(ReceiptPublicKey)
        /// Whoever has the key that was asked for.
        case trusted(ReceiptPublicKey)
    }

    /// Reads one and checks its signature.
    /// - Parameter trusted: the key it has to be signed with; nil for any or none.
    /// - Throws: an error of `JSONDecoder`; `NIfTIError.Code.notFound`; `SiteError.Code.receiptMismatch` when its signature is wrong, missing, or of
    ///   another key.
    public static func read(folder: String, trusted: ReceiptPublicKey? = nil) throws -> (receipt: ReceiptFile, signature: Signature)
    {
        let path = "\(folder)/\(name)"
        guard let data = FileManager.default.contents(atPath: path) else { throw NIfTIError(.notFound, "\(path): no such file") }
        let receipt = try JSONDecoder().decode(ReceiptFile.self, from: data)
        func refuse(_ message: String) -> SiteError { SiteError(.receiptMismatch, "\(path): \(message)") }
        guard let text = receipt.publicKey else {
            if trusted != nil { throw refuse("not signed, and so not by the key asked for") }
            return (receipt, .none)
        }
        guard let key = ReceiptPublicKey(hex: text) else { throw refuse("'\(text.prefix(80))' is no key") }
        if let trusted, trusted != key { throw refuse("signed with another key than the one asked for") }
        guard let signature = FileManager.default.contents(atPath: "\(folder)/\(signatureName)") else {
            throw refuse("names a key, but its signature is missing")
        }
        guard key.verifies(Array(signature), of: Array(data)) else { throw refuse("altered since it was signed") }
        return (receipt, trusted == nil ? .valid(key) : .trusted(key))
    }
}

extension ReceiptFile.Volume {
    init(
        _ manifest: VolumeManifest, _ outcome: Receipt.Volume, isComplete: Bool, _ snapshot: VolumeAssembler,
        _ standing: [RegionStanding]
    ) {
        name = manifest.name.text
        file = SessionFolder.fileName(manifest.name, outcome.state, isComplete: isComplete)
        state = outcome.state.name
        sha256 = outcome.digest.description
        headerSha256 = Digest(of: manifest.header).description
        voxelsSha256 = Digest(of: snapshot.voxels).description
        sourceSha256 = manifest.sourceDigest.description
        let parts = standing.map(ReceiptFile.Part.init)
        regions = Array(parts.dropLast())
        background = parts.last ?? ReceiptFile.Part(RegionStanding.unknown)
    }
}
