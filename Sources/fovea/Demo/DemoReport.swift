internal import FoveaKit
internal import Receiver
internal import Sender
internal import Concurrency
internal import Foundation
internal import NetSim
internal import Profiles
internal import ProgressiveCoding
internal import Terminal
internal import WireFormat

/// The demo's closing table.
struct DemoReport {
    let text: String
    private let json: [String: JSONValue]

    init(runs: [DemoRun], link: LinkParameters, volumePath: String) throws {
        let attributes = try FileManager.default.attributesOfItem(atPath: volumePath)
        let fileByteCount = (attributes[.size] as? NSNumber)?.intValue ?? 0
        // The file in datagrams of the same size on the same share of the link, without a single loss.
        let perDatagram = Double(WireLimits.datagramByteCount + 44)
        let rate = link.up.rateBitsPerSecond * TransportProfile.linkShare
        let fileSeconds =
            Double(fileByteCount) / Double(WireLimits.datagramByteCount) * perDatagram * 8 / rate
            + (link.up.delay + link.down.delay).inSeconds * 2.5
        func row(_ label: String, _ value: (DemoRun) -> String) -> String {
            Text.left(label, 34) + runs.map { Text.right(value($0), 14) }.joined()
        }
        var lines = [
            "\(link.name): \(Text.rate(link.up.rateBitsPerSecond)), \(Int(((link.up.delay + link.down.delay).inSeconds * 1000).rounded())) ms there and back, "
                + "\(link.up.lossProbability * 100) % lost",
            "",
            Text.left("", 34) + runs.map { Text.right($0.order.rawValue, 14) }.joined(),
            row("first voxels on the link") { Text.seconds($0.sent.timeToFirstDatagram) },
            row("region of interest shown") { Text.seconds($0.received.timeToROI) },
            row("background shown") { Text.seconds($0.received.timeToBackground) },
            row("exact, digest verified") { Text.seconds($0.received.timeToLossless) },
            row("receipt at the sender") { Text.seconds($0.sent.done) },
            Text.left("the same .nii.gz, every byte first", 34) + Text.right(Text.seconds(fileSeconds), 14)
                + "   (\(Text.bytes(fileByteCount)), computed, no loss)",
            "",
        ]
        for layer in Layer.allCases {
            guard let bytes = runs.first?.sent.bytesByLayer[layer] else { continue }
            let fidelity =
                runs.first?.sent.fidelity[layer].map { "   \($0.text)" } ?? ""
            lines.append(Text.left("  \(layer.name)", 34) + Text.right(Text.bytes(bytes), 14) + fidelity)
        }
        let total = runs.first?.sent.bytesByLayer.values.reduce(0, +) ?? 0
        lines.append(Text.left("  all layers", 34) + Text.right(Text.bytes(total), 14))
        text = lines.joined(separator: "\n")
        json = [
            "link": .text(link.name), "nifti_gz_seconds": .number(fileSeconds), "nifti_gz_bytes": .integer(fileByteCount),
            "runs": .list(
                runs.map { run in
                    .object([
                        "order": .text(run.order.rawValue), "send": .object(SenderEvents.fields(run.sent)),
                        "receive": .object(ReceiverEvents.fields(run.received)),
                    ])
                }),
        ]
    }

    func fields(picture: String) -> [String: JSONValue] { json.merging(["picture": .text(picture)]) { $1 } }
}
