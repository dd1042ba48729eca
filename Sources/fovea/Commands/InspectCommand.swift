internal import FoveaKit
internal import Archive
internal import Bytes
internal import Faults
internal import Files
internal import Receipts
internal import ArgumentParser
internal import Foundation
internal import NIfTIFile
internal import ProgressiveCoding
internal import Terminal
internal import VolumeModel
internal import WireFormat

struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Say what a NIfTI file, a .fovea file or a received session's folder holds.",
        discussion: """
            A session's folder is checked: its files' digests must be the receipt's, and a signed receipt must be as it was signed.
            Exit code 65 says that they are not. Whose key it is only --public-key can say.

            Example: fovea inspect incoming/20260101-120000-a1b2c3
            """)

    @Argument(help: ArgumentHelp("A file, or a session's folder.", valueName: "file")) var path: String
    @Option(help: ArgumentHelp("The key a session's receipt has to be signed with.", valueName: "file")) var publicKey: String?
    @OptionGroup var output: JSONOption

    func run() async throws {
        let console = Console(isJSON: output.json)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw FileError(.notFound, "\(path): no such file or folder")
        }
        if !isFolder.boolValue { try NIfTIFile.requireRegularFile(path) }
        if isFolder.boolValue {
            try inspectSession(console)
        } else if let start = try? PlainFile(path).read(0..<8), FoveaContainer.isContainer(start) {
            try inspectFovea(console)
        } else {
            try inspectVolume(console)
        }
    }

    private func inspectVolume(_ console: Console) throws {
        let image = try NIfTIFile.read(path)
        let range = image.volume.finiteRange()
        let surroundings = Surroundings(of: image.volume)
        let digest = Self.digest(of: image)
        for remark in image.remarks { console.remark("\(path): \(remark)") }
        console.say(
            """
            NIfTI-\(image.header.version)\(image.header.isByteSwapped ? ", other byte order" : ""): \(image.header.shape) voxels of \(image.header.voxelType)
            affine, mm  \(image.header.affine.rows.map { "[" + $0.map { String(format: "%.4g", $0) }.joined(separator: " ") + "]" }.joined(separator: " "))
            voxel, mm   \(image.header.affine.spacing.map { String(format: "%.4g", $0) }.joined(separator: " x "))\(Self.units(of: image.header))
            scaling     \(image.header.scaling == .none ? "none" : "\(image.header.scaling.slope) * stored + \(image.header.scaling.intercept)")
            stored      \(range.lowerBound) to \(range.upperBound)
            content     \(surroundings.content?.description ?? "none: one value throughout")
            extensions  \(max(0, image.extensions.count - 4)) bytes
            sha256      \(digest)
            """)
        console.event(
            "summary",
            [
                "kind": .text("nifti"), "version": .integer(image.header.version), "shape": .text(image.header.shape.description),
                "voxel_type": .text(image.header.voxelType.description), "sha256": .text(digest.description),
                "range": .list([.number(range.lowerBound), .number(range.upperBound)]),
                "content": .text(surroundings.content?.description),
                "affine_mm": .list(image.header.affine.rows.map { .list($0.map { .number($0) }) }),
                "spacing_mm": .list(image.header.affine.spacing.map { .number($0) }),
                "remarks": .list(image.remarks.map { .text($0) }),
            ])
    }

    /// The unit of a header's own numbers, where it is not the millimetre.
    private static func units(of header: NIfTIHeader) -> String {
        switch header.millimetresPerUnit {
        case 1000: " (the header counts in metres)"
        case 0.001: " (the header counts in micrometres)"
        default: ""
        }
    }

    private func inspectFovea(_ console: Console) throws {
        let contents = try FoveaFile.open(path)
        let (manifest, chunks) = (contents.manifest, contents.chunks)
        var bytes: [Layer: Int] = [:]
        let plan = manifest.plan
        for chunk in chunks {
            let layer =
                chunk.ordinal == 0
                ? Layer.manifest : Int(chunk.ordinal) <= plan.count ? plan[Int(chunk.ordinal) - 1].chunk.layer : .table
            bytes[layer, default: 0] += chunk.bytes.count
        }
        console.say(
            "Fovea file, to \(manifest.goal.name): \(chunks.count) chunks of \(plan.count + 2)\(contents.isCutOff ? ", and cut off" : "")"
        )
        for volume in manifest.volumes {
            let layout = try VolumeLayout(volume, memoryLimit: .max, diskLimit: .max)
            let title = Name.printable(volume.title, limit: VolumeManifest.titleByteCount)
            let certainty = volume.regionCertainty.map { ", certainty \(Double($0) / 100)" } ?? ""
            console.say(
                """
                \(title): \(layout.shape) voxels of \(layout.header.voxelType)
                  regions by \(volume.regionSource.name)\(certainty): \(volume.regions.map(\.description).joined(separator: " "))
                  source sha256 \(volume.sourceDigest)
                """)
        }
        for layer in Layer.allCases where bytes[layer] != nil {
            console.say("  \(Text.left(layer.name, 22)) \(Text.right(Text.bytes(bytes[layer] ?? 0), 10))")
        }
        console.event(
            "summary",
            [
                "kind": .text("fovea"), "goal": .text(manifest.goal.name), "chunks": .integer(chunks.count),
                "bytes_by_layer": bytes.json,
                "volumes": .list(manifest.volumes.map { .object(Self.fields(of: $0)) }),
            ])
    }

    private static func fields(of volume: VolumeManifest) -> [String: JSONValue] {
        var fields: [String: JSONValue] = [
            "name": .text(volume.name.text), "title": .text(volume.title),
            "source_sha256": .text(volume.sourceDigest.description), "roi_source": .text(volume.regionSource.name),
            "roi_boxes": .list(volume.regions.map { .text($0.description) }),
        ]
        if let certainty = volume.regionCertainty { fields["roi_certainty"] = .number(Double(certainty) / 100) }
        return fields
    }

    private func inspectSession(_ console: Console) throws {
        guard FileManager.default.fileExists(atPath: "\(path)/\(ReceiptFile.name)") else {
            throw FileError(
                .notFound, "\(path): no receipt; the session is still coming in, or its receiver was ended before it was done")
        }
        let trusted = try publicKey.map { try ReceiptPublicKey(path: $0) }
        let (receipt, signature): (ReceiptFile, ReceiptFile.Signature)
        do {
            (receipt, signature) = try ReceiptFile.read(folder: path, trusted: trusted)
        } catch let error as ReceiptError {
            throw error
        } catch {
            throw FormatError(.invalidField, "\(path)/\(ReceiptFile.name): not a receipt")
        }
        let checked = try receipt.volumes.map {
            try (volume: $0, name: Name($0.name), matches: Self.matches($0, of: receipt, in: path))
        }
        let allMatch = checked.allSatisfy(\.matches)
        let standing = receipt.complete ? "complete" : "interrupted: \(receipt.interruption ?? "")"
        console.say(
            "Session '\(receipt.session)', \(allMatch ? "\(standing), to \(receipt.goal)" : "ALTERED since its receipt was written")"
        )
        let volumes = checked.map { Self.say($0.volume, $0.name, matches: $0.matches, console) }
        let signer: String?
        switch signature {
        case .none:
            signer = nil
            console.say("  not signed")
        case .valid(let key):
            signer = key.hex
            console.say("  signed by \(key.hex); whose key that is, --public-key can tell")
        case .trusted(let key):
            signer = key.hex
            console.say("  signed by the key asked for")
        }
        console.event(
            "summary",
            [
                "kind": .text("session"), "session": .text(receipt.session), "complete": .flag(receipt.complete),
                "volumes": .list(volumes), "verified": .flag(allMatch), "signed_by": .text(signer),
                "signer_trusted": .flag(trusted != nil),
            ])
        guard allMatch else { throw ReceiptError(.mismatch, "\(path): a file does not have the digest of its receipt") }
    }

    /// Says how a volume stands. Nothing that the receipt says is true of another file.
    private static func say(_ volume: ReceiptFile.Volume, _ name: Name, matches: Bool, _ console: Console) -> JSONValue {
        console.say("  \(name): \(matches ? "\(volume.state), verified" : "NOT what the receipt says")")
        if matches {
            for part in volume.regions { console.say("    region \(part.box ?? "-"): \(sentence(part))") }
            console.say("    the rest: \(sentence(volume.background))")
        }
        return .object([
            "name": .text(name.text), "state": .text(matches ? volume.state : nil), "verified": .flag(matches),
            "sha256": .text(volume.sha256),
            "regions": .list(
                volume.regions.map { part in
                    .object([
                        "box": .text(part.box), "stage": .text(matches ? part.stage : nil),
                        "max_error": .number(matches ? part.maxError : nil),
                    ])
                }),
        ])
    }

    /// Tells whether a volume's file is what its receipt says, to the last byte. The receipt may have been altered: nothing it names may lead out of the
    /// folder, and a link in the file's place does.
    private static func matches(_ volume: ReceiptFile.Volume, of receipt: ReceiptFile, in folder: String) throws -> Bool {
        guard let file = try? WrittenFile(path: try receipt.path(of: volume, in: folder), byteCount: volume.fileBytes) else {
            return false
        }
        return file.digest.description == volume.sha256
            && file.fileDigest.description == volume.fileSha256 ?? file.fileDigest.description
    }

    private static func sentence(_ part: ReceiptFile.Part) -> String {
        guard part.stage != RegionStanding.Stage.exact.rawValue, let error = part.maxError else { return part.stage }
        return "\(part.stage), off by at most \(error)"
    }

    private static func digest(of image: NIfTIImage) -> Digest {
        var digest = DigestBuilder()
        image.forEachPart { digest.update($0) }
        return digest.finish()
    }
}
