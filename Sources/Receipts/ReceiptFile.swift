internal import HEVCDecoding
internal import VolumeModel
package import Bytes
internal import Faults
internal import Files
package import Foundation
internal import NIfTIFile
package import ProgressiveCoding
package import WireFormat

/// The confirmation of a receiver, as JSON beside the volumes: what each file is, how far each part of it can be off, and what made it.
package struct ReceiptFile: Codable, Sendable, Equatable {
    /// One volume.
    package struct Volume: Codable, Sendable, Equatable {
        /// Its name.
        package var name: String
        /// Its file's name within the folder.
        package var file: String
        /// `partial`, `lossy` or `lossless`.
        package var state: String
        /// SHA-256 of the file's uncompressed bytes.
        package var sha256: String
        /// SHA-256 of the file's bytes as they lie on disk.
        package var fileSha256: String?
        /// Those bytes' number.
        package var fileBytes: Int?
        /// The digest that the sender's table and the confirmation sent to it have: of a lossless volume the same as `sha256`, of a preview the
        /// digest of what is in the file under the source's header, which does not say that it is a preview.
        package var announcedSha256: String?
        /// SHA-256 of the bytes of its header alone.
        package var headerSha256: String
        /// SHA-256 of its voxels alone.
        package var voxelsSha256: String
        /// SHA-256 of the source's, as the sender announced it.
        package var sourceSha256: String
        /// Each region of interest.
        package var regions: [Part]
        /// Everything else.
        package var background: Part

        enum CodingKeys: String, CodingKey {
            case name, file, state, sha256, regions, background
            case headerSha256 = "header_sha256"
            case voxelsSha256 = "voxels_sha256"
            case sourceSha256 = "source_sha256"
            case fileSha256 = "file_sha256"
            case fileBytes = "file_bytes"
            case announcedSha256 = "announced_sha256"
        }
    }
    /// A part of a volume.
    package struct Part: Codable, Sendable, Equatable {
        /// Voxel indices, ends exclusive, of the slices of one time point; nil for the rest of a volume.
        package var box: String?
        /// `missing`, `base`, `bounded` or `exact`.
        package var stage: String
        /// The greatest absolute error in it, in stored units; nil while it is not known.
        package var maxError: Double?

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
    package var format = 2
    /// The versions of what wrote it, and of what it decoded with.
    package var versions = ["fovea": FoveaVersion.text, "wire": String(Datagram.version), "libde265": HEVCDecoder.libraryVersion]
    /// The data that digests are of.
    package var digestsOf: String? =
        "uncompressed bytes of each .nii: header, extensions, voxels, and what follows them; file_sha256: of the file as it lies on disk"
    /// The session's name.
    package var session: String
    /// Who the sender said it is, proven where it has a secret of its own; nil when it said nothing.
    package var sender: String?
    /// The address that the last connection came from.
    package var peer: String?
    /// When the session began, in ISO 8601, UTC.
    package var begun: String?
    /// When everything was on disk, in ISO 8601, UTC; nil when the session ended early.
    package var completed: String?
    /// SHA-256 of the manifest's record.
    package var manifestSha256: String?
    /// True when everything the sender planned is here and has the digests it announced.
    package var complete: Bool
    /// The sender's goal: how far it meant to go.
    package var goal: String
    /// SHA-256 of the chunk table's record; nil when it did not come.
    package var tableSha256: String?
    /// In the order they were sent.
    package var volumes: [Volume]
    /// Bytes of chunk records by layer.
    package var bytesByLayer: [String: Int]
    /// Why the session ended early; nil when it did not.
    package var interruption: String?
    /// The Ed25519 key it is signed with, in hexadecimal digits; nil when it is not signed.
    package var publicKey: String?

    enum CodingKeys: String, CodingKey {
        case format, versions, session, sender, peer, begun, completed, complete, goal, volumes, interruption
        case digestsOf = "digests_of"
        case manifestSha256 = "manifest_sha256"
        case tableSha256 = "table_sha256"
        case bytesByLayer = "bytes_by_layer"
        case publicKey = "public_key"
    }

    /// The file's name within a session's folder.
    package static let name = "receipt.json"
    /// Its signature's: 64 bytes over the bytes of the file, as RFC 8032 has it.
    package static let signatureName = "receipt.json.sig"

    /// The origin of a session.
    package struct Origin: Sendable {
        var sender: String
        var peer: String
        var begun: Date
        var manifestDigest: Digest?

        /// Makes an origin.
        package init(sender: String, peer: String, begun: Date, manifestDigest: Digest?) {
            (self.sender, self.peer, self.begun, self.manifestDigest) = (sender, peer, begun, manifestDigest)
        }
    }

    /// Makes a receipt of what is on disk now.
    package init(
        _ origin: Origin, session: String, complete: Bool, goal: String, tableSha256: String?, volumes: [Volume],
        bytesByLayer: [String: Int],
        interruption: String?
    ) {
        self.session = session
        sender = origin.sender == "-" ? nil : origin.sender
        peer = origin.peer.isEmpty ? nil : origin.peer
        begun = origin.begun.formatted(.iso8601)
        completed = complete ? Date().formatted(.iso8601) : nil
        manifestSha256 = origin.manifestDigest?.description
        self.complete = complete
        self.goal = goal
        self.tableSha256 = tableSha256
        self.volumes = volumes
        self.bytesByLayer = bytesByLayer
        self.interruption = interruption
    }

    /// Writes it whole or not at all, its signature first: a receipt that names a key is never without.
    package func write(to folder: String, signedWith key: ReceiptKey?) throws {
        var copy = self
        copy.publicKey = key?.publicKey.hex
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let bytes = Array(try encoder.encode(copy)) + [10]
        if let key { try AtomicFile.write(try key.signature(of: bytes), to: "\(folder)/\(Self.signatureName)") }
        try AtomicFile.write(bytes, to: "\(folder)/\(Self.name)")
    }

    /// Returns the path of a volume's file. The receipt may have been altered: nothing it says leads out of the folder.
    /// - Throws: `FormatError.Code.invalidField` when the name is none.
    package func path(of volume: Volume, in folder: String) throws -> String { "\(folder)/\(try fileName(of: volume))" }

    /// A volume's file within the folder, as ``path(of:in:)`` has it.
    package func fileName(of volume: Volume) throws -> String {
        let state: VolumeState = [.partial, .lossy, .lossless].first { $0.name == volume.state } ?? .partial
        return VolumeFile.name(try Name(volume.name), state, isComplete: complete)
    }

    /// The most bytes of a receipt that are read.
    private static let byteLimit = 16 << 20

    /// A file's bytes; nil where there is no such file, or a link, or far more than a receipt has.
    private static func contents(of path: String) -> [UInt8]? {
        try? PlainFile(path, followsLinks: false).contents(limit: byteLimit)
    }

    /// Who vouches for a receipt.
    package enum Signature: Sendable, Equatable {
        /// Nobody.
        case none
        /// Whoever has this key; whether that is the right one is not known.
        case valid(ReceiptPublicKey)
        /// Whoever has the key that was asked for.
        case trusted(ReceiptPublicKey)
    }

    /// Reads one and checks its signature.
    /// - Parameter trusted: the key it has to be signed with; nil for any or none.
    /// - Throws: an error of `JSONDecoder`; `FileError.Code.notFound`; `ReceiptError.Code.mismatch` when its signature is wrong, missing, or of
    ///   another key.
    package static func read(folder: String, trusted: ReceiptPublicKey? = nil) throws -> (
        receipt: ReceiptFile, signature: Signature
    ) {
        let path = "\(folder)/\(name)"
        guard let bytes = contents(of: path) else { throw FileError(.notFound, "\(path): no such file") }
        let signature = contents(of: "\(folder)/\(signatureName)")
        return try check(bytes, signature: signature, trusted: trusted, path: path)
    }

    /// Takes a receipt's bytes and checks their signature; errors are those of ``read(folder:trusted:)``.
    /// - Parameters:
    ///   - signature: nil where there is none.
    ///   - path: for messages.
    package static func check(_ bytes: [UInt8], signature: [UInt8]?, trusted: ReceiptPublicKey?, path: String) throws -> (
        receipt: ReceiptFile, signature: Signature
    ) {
        let receipt = try JSONDecoder().decode(ReceiptFile.self, from: Data(bytes))
        func refuse(_ message: String) -> ReceiptError { ReceiptError(.mismatch, "\(path): \(message)") }
        guard let text = receipt.publicKey else {
            if trusted != nil { throw refuse("not signed, and so not by the key asked for") }
            return (receipt, .none)
        }
        guard let key = ReceiptPublicKey(hex: text) else { throw refuse("'\(text.prefix(80))' is no key") }
        if let trusted, trusted != key { throw refuse("signed with another key than the one asked for") }
        guard let signature else {
            throw refuse("names a key, but its signature is missing")
        }
        guard key.verifies(signature, of: bytes) else { throw refuse("altered since it was signed") }
        return (receipt, trusted == nil ? .valid(key) : .trusted(key))
    }
}

extension ReceiptFile.Volume {
    package init(
        _ manifest: VolumeManifest, _ outcome: Receipt.Volume, _ stored: WrittenFile, isComplete: Bool, _ snapshot: VolumeAssembler,
        _ standing: [RegionStanding]
    ) {
        name = manifest.name.text
        file = VolumeFile.name(manifest.name, outcome.state, isComplete: isComplete)
        state = outcome.state.name
        sha256 = stored.digest.description
        fileSha256 = stored.fileDigest.description
        fileBytes = stored.byteCount
        announcedSha256 = outcome.digest.description
        let header = outcome.state == .lossless ? nil : try? NIfTIHeader(bytes: manifest.header).asPreview().bytes
        headerSha256 = Digest(of: header ?? manifest.header).description
        var voxels = DigestBuilder()
        snapshot.voxels.withUnsafeBytes { voxels.update($0) }
        voxelsSha256 = voxels.finish().description
        sourceSha256 = manifest.sourceDigest.description
        let parts = standing.map(ReceiptFile.Part.init)
        regions = Array(parts.dropLast())
        background = parts.last ?? ReceiptFile.Part(RegionStanding.unknown)
    }
}
