internal import StrictYAML
internal import Foundation
internal import VolumeModel

/// Reads what an experiment sends.
struct ExperimentVolumeReader {
    let root: ProfileNode
    let places: DataPlaces
    private(set) var remarks: [String] = []

    init(root: ProfileNode, places: DataPlaces) {
        self.root = root
        self.places = places
    }

    private static let phantom = ExperimentProfile.Subject(
        name: "phantom-1", source: .phantom(seed: 1, columns: 240, rows: 240, slices: 155))

    mutating func read() throws(ProfileError) -> [ExperimentProfile.Subject] {
        guard root.has("volumes") else { return [Self.phantom] }
        var subjects: [ExperimentProfile.Subject] = []
        for item in try root.items("volumes") {
            for subject in try read(item) {
                guard !subjects.contains(where: { $0.name == subject.name }) else {
                    throw item.refusal("gives a second volume called '\(subject.name)'")
                }
                subjects.append(subject)
            }
        }
        return subjects
    }

    private mutating func read(_ item: ProfileNode.Item) throws(ProfileError) -> [ExperimentProfile.Subject] {
        guard let node = item.node else {
            guard let text = item.text, text != "phantom" else { return [Self.phantom] }
            return [try file(text, .model, item)]
        }
        switch try node.only("phantom", "file", "folder") {
        case "phantom":
            try node.allow("phantom")
            return [try phantom(node.node("phantom"))]
        case "file":
            try node.allow("file", "mask", "box")
            var region = ExperimentProfile.Region.model
            switch try node.only("mask", "box") {
            case "mask":
                let text = try node.text("mask")
                guard let mask = places.file(text) else { throw node.refusal("mask", "is '\(text)', which is no file here") }
                region = .mask(mask)
            case "box":
                region = .box(try node.wrap("box") { try Box(parsing: try node.text("box")) })
            default: break
            }
            return [try file(try node.text("file"), region, item)]
        case "folder": return try folder(node)
        default: throw node.missing("phantom", or: "file", "folder")
        }
    }

    private func phantom(_ node: ProfileNode) throws(ProfileError) -> ExperimentProfile.Subject {
        try node.allow("seed", "shape")
        let seed: UInt64 = node.has("seed") ? try node.value("seed", wants: "a whole number") { UInt64($0) } : 1
        let wants = "columns x rows x slices, each 16 to 512, such as 240x240x155"
        let sides: [Int] =
            node.has("shape")
            ? try node.value("shape", wants: wants) { text in
                let sides = text.split(separator: "x", omittingEmptySubsequences: false).compactMap { Int($0) }
                return sides.count == 3 && sides.allSatisfy { (16...512).contains($0) } ? sides : nil
            } : [240, 240, 155]
        let isWhole = sides == [240, 240, 155]
        return ExperimentProfile.Subject(
            name: "phantom-\(seed)" + (isWhole ? "" : "-" + sides.map(String.init).joined(separator: "x")),
            source: .phantom(seed: seed, columns: sides[0], rows: sides[1], slices: sides[2]))
    }

    private func file(_ text: String, _ region: ExperimentProfile.Region, _ item: ProfileNode.Item) throws(ProfileError)
        -> ExperimentProfile.Subject
    {
        guard let path = places.file(text) else {
            throw item.refusal("is '\(text)', which is no file beside the profile or in the folder of --data")
        }
        return ExperimentProfile.Subject(name: Self.name(path), source: .file(path, region))
    }

    /// Every volume of a folder; a mask is the file of the same patient, its name up to the last '_', with the ending that says so.
    private mutating func folder(_ node: ProfileNode) throws(ProfileError) -> [ExperimentProfile.Subject] {
        try node.allow("folder", "match", "labels", "otherwise")
        let folder = try node.text("folder")
        let match = node.has("match") ? try node.text("match") : "*.nii.gz"
        let labels = node.has("labels") ? try node.text("labels") : nil
        let otherwise = node.has("otherwise") ? try node.value("otherwise", wants: "phantom") { $0 == "phantom" ? $0 : nil } : nil
        let all = places.files(in: folder, matching: "*")
        let paths = (places.files(in: folder, matching: match) ?? []).filter { path in
            labels.map { !Self.name(path).hasSuffix($0) } ?? true
        }
        guard !paths.isEmpty else {
            guard otherwise != nil else {
                throw node.refusal(
                    "folder", "is '\(folder)': no '\(match)' there; give the folder that holds it with --data or FOVEA_DATA")
            }
            remarks.append(
                "no volumes '\(match)' in '\(folder)': the generated head stands in; give the folder that holds '\(folder)' with --data or FOVEA_DATA"
            )
            return [Self.phantom]
        }
        return paths.map { path in
            let name = Self.name(path)
            let stem = name.lastIndex(of: "_").map { String(name[..<$0]) } ?? name
            let mask = labels.flatMap { labels in (all ?? []).first { Self.name($0) == stem + labels } }
            return ExperimentProfile.Subject(name: name, source: .file(path, mask.map { .mask($0) } ?? .model))
        }
    }

    /// A file's name without folder and endings.
    private static func name(_ path: String) -> String {
        var name = path.split(separator: "/").last.map(String.init) ?? path
        for ending in [".gz", ".nii"] where name.hasSuffix(ending) { name.removeLast(ending.count) }
        return name
    }
}
