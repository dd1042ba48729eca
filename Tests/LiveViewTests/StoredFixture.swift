import Bytes
import Receipts
import Foundation
import NIfTIFile
import ProgressiveCoding
import VolumeModel
import WireFormat

/// A session's folder as a receiver leaves it.
struct StoredFixture {
    var name: String
    /// `lossless`, `lossy` or `partial`.
    var state = "lossless"
    var isComplete = true
    var goal = "lossless"
    /// The stage of each region and the rest, by the receipt.
    var stages = ["exact", "exact"]
    /// The quality of every voxel by the quality volume; nil leaves it out.
    var quality: UInt8? = 3
    var hasReceipt = true
    var hasRegions = true
    var receiptName: String?
    var key: ReceiptKey?
    var date: Date?

    var fileName: String {
        if !hasReceipt || !isComplete && state != "lossless" || state == "partial" { return "head.partial.nii.gz" }
        return state == "lossy" ? "head.lossy.nii.gz" : "head.nii.gz"
    }

    static func digest(_ image: NIfTIImage) -> String {
        var digest = DigestBuilder()
        image.forEachPart { digest.update($0) }
        return digest.finish().description
    }

    /// Writes it below a receiver's folder.
    @discardableResult
    func write(_ root: String, _ image: NIfTIImage? = nil) throws -> NIfTIImage {
        let image = try image ?? Sample.image()
        let folder = "\(root)/\(name)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try NIfTIFile.write(image, to: "\(folder)/\(fileName)", compressionLevel: 1)
        if let quality {
            let header = try image.header.companion(description: "quality", maxValue: 3)
            try NIfTIFile.write(
                try NIfTIImage(header: header, voxels: [UInt8](repeating: quality, count: image.volume.shape.voxelCount)),
                to: "\(folder)/head.quality.nii.gz", compressionLevel: 1)
        }
        if hasReceipt { try writeReceipt(folder, digest: Self.digest(image)) }
        if let date { try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: folder) }
        return image
    }

    private func writeReceipt(_ folder: String, digest: String) throws {
        let parts: [JSON] = zip(Sample.regions, stages).map { ["box": $0, "stage": $1, "max_error": 0] }
        var receipt: JSON = [
            "format": 2, "versions": ["fovea": "test"], "session": receiptName ?? name, "complete": isComplete, "goal": goal,
            "bytes_by_layer": ["roi_base": 1000, "mask": 234],
            "volumes": [
                [
                    "name": "head", "file": fileName, "state": state, "sha256": digest, "header_sha256": digest,
                    "voxels_sha256": digest, "source_sha256": state == "lossless" ? digest : String(repeating: "0", count: 64),
                    "regions": hasRegions ? [parts[0]] : [], "background": ["stage": stages[1]],
                ] as JSON
            ],
        ]
        if !isComplete { receipt["interruption"] = "the link broke" }
        if let key { receipt["public_key"] = key.publicKey.hex }
        let bytes = try JSONSerialization.data(withJSONObject: receipt, options: [.sortedKeys])
        try bytes.write(to: URL(fileURLWithPath: "\(folder)/receipt.json"))
        if let key { try Data(key.signature(of: Array(bytes))).write(to: URL(fileURLWithPath: "\(folder)/receipt.json.sig")) }
    }
}
