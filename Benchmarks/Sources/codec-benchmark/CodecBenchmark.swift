internal import ArgumentParser
internal import Foundation
internal import NIfTIFile
internal import VolumeModel

@main
struct CodecBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "codec-benchmark",
        abstract: "Codes every volume of a folder without loss, by Fovea and by other coders, side by side.",
        discussion: """
            Volumes called HEAD_*.nii.gz have the region of HEAD_seg.nii.gz; without one, that which 'fovea segment' finds in the head's FLAIR
            (fla, flair or t2f in the name); otherwise what the shipped model makes of the volume itself.

            Example: codec-benchmark ../../volumes --out codecs.json
            """)

    @Argument(help: "A folder of .nii and .nii.gz files.") var folder: String
    @Option(help: "Where to write the figures as JSON.") var out: String?
    @Option(help: "The program to measure.") var fovea = "../.build/release/fovea"

    @Option(help: "Only these coders, by the names in the table's head.") var coder: [String] = Coders.names

    struct Row: Codable {
        let volume: String
        let type: String
        let shape: String
        let bytes: Int
        let scores: [String: Score]
    }

    func run() throws {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("codec-benchmark-\(getpid())").path
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let coders = Coders(folder: scratch, fovea: fovea)
        let entries = try Subject.paths(in: folder)
        print(Self.line("volume", ["voxel bytes"] + coder))
        var rows: [Row] = []
        for entry in entries {
            let subject = try Subject(path: entry.path, mask: entry.mask ?? Self.region(of: entry.head, entries, scratch, fovea))
            var scores: [String: Score] = [:]
            for name in coder { scores[name] = coders.score(name, subject) }
            print(
                Self.line(subject.name, ["\(subject.byteCount)"] + coder.map { scores[$0]?.bytes.map(String.init) ?? "-" }))
            rows.append(
                Row(
                    volume: subject.name, type: "\(subject.image.volume.voxelType)", shape: "\(subject.image.volume.shape)",
                    bytes: subject.byteCount, scores: scores))
        }
        Self.report(rows)
        if let out {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(rows).write(to: URL(fileURLWithPath: out), options: .atomic)
        }
    }

    /// The region of a head without a mask, by its FLAIR; nil when nothing is found there.
    private static func region(
        of head: Substring, _ entries: [(path: String, mask: String?, head: Substring)], _ scratch: String, _ fovea: String
    ) -> String? {
        let flair = entries.first { entry in
            entry.head == head && ["fla", "t2f"].contains { entry.path.split(separator: "/").last?.contains($0) ?? false }
        }
        let mask = "\(scratch)/\(head)_region.nii.gz"
        guard let flair, let run = try? Tool.run(fovea, ["segment", flair.path, "--out", mask, "--json"]),
            !run.output.contains("\"mask_voxels\":0")
        else { return nil }
        return mask
    }

    private static func line(_ first: String, _ rest: [String]) -> String {
        first.padding(toLength: 24, withPad: " ", startingAt: 0)
            + rest.map { String(repeating: " ", count: max(1, 15 - $0.count)) + $0 }.joined()
    }

    private static func report(_ rows: [Row]) {
        func text(_ value: Double?, _ digits: Int) -> String { value.map { String(format: "%.\(digits)f", $0) } ?? "-" }
        print(
            """

            Ratios: bytes over JPEG-LS and gzip, without bases and with; MB of voxels a second and peak memory over the volume, whole commands;
            million coded voxels a second, the coder of exact voxels alone, on all cores
            """)
        print(
            line(
                "volume",
                [
                    "no base / J-LS", "/ JPEG-LS", "/ gzip", "/ no base", "encode MB/s", "decode MB/s", "encode memory",
                    "decode memory",
                    "encode Mvox/s", "decode Mvox/s",
                ]))
        for row in rows {
            let ours = row.scores["Fovea"] ?? Score()
            let bytes = ours.bytes.map(Double.init)
            func over(_ name: String) -> Double? { bytes.flatMap { bytes in row.scores[name]?.bytes.map { bytes / Double($0) } } }
            let alone = row.scores["Fovea, no base"]
            let overNoBase = bytes.flatMap { bytes in alone?.bytes.map { bytes / Double($0 + (ours.valueTable ?? 0)) } }
            let noBaseOverJPEGLS = row.scores["JPEG-LS"]?.bytes.flatMap { jpegLS in alone?.bytes.map { Double($0) / Double(jpegLS) }
            }
            func coderSpeed(_ seconds: Double?) -> Double? {
                seconds.flatMap { seconds in alone?.codedVoxels.map { Double($0) / 1e6 / seconds } }
            }
            func speed(_ seconds: Double?) -> Double? { seconds.map { Double(row.bytes) / 1e6 / $0 } }
            print(
                line(
                    row.volume,
                    [
                        text(noBaseOverJPEGLS, 3), text(over("JPEG-LS"), 3), text(over("gzip -9"), 3), text(overNoBase, 3),
                        text(speed(ours.encodeSeconds), 1), text(speed(ours.decodeSeconds), 1), text(ours.encodeMemory, 1),
                        text(ours.decodeMemory, 1), text(coderSpeed(alone?.encodeSeconds), 1),
                        text(coderSpeed(alone?.decodeSeconds), 1),
                    ]))
        }
        let whole = rows.filter { $0.type == "int16" }.compactMap { row -> Double? in
            guard let ours = row.scores["Fovea"]?.bytes, let theirs = row.scores["JPEG-LS"]?.bytes else { return nil }
            return Double(ours) / Double(theirs)
        }
        if !whole.isEmpty {
            print("\nint16 volumes over JPEG-LS, on average: \(text(whole.reduce(0, +) / Double(whole.count), 3))")
        }
        for row in rows {
            for name in Coders.names { if let remark = row.scores[name]?.remark { print("\(row.volume), \(name): \(remark)") } }
        }
    }
}
