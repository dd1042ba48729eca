internal import Faults
internal import Profiles
internal import StrictYAML
internal import Foundation
internal import NetSim
internal import ProgressiveCoding
internal import VolumeModel
internal import WireFormat

/// Reads an experiment's keys, one after another.
struct ExperimentReader {
    private let root: ProfileNode
    private let path: String
    private let places: DataPlaces
    private(set) var title = ""
    private(set) var question = ""
    private(set) var subjects: [ExperimentProfile.Subject] = []
    private(set) var encodings: [ExperimentProfile.Named<EncodingSettings>] = []
    private(set) var transports: [ExperimentProfile.Named<TransportProfile>] = []
    private(set) var orders: [TransmissionOrder] = [.roiFirst]
    private(set) var links: [ExperimentProfile.Named<LinkParameters>] = []
    private(set) var seeds: [UInt64] = []
    private(set) var goal = Goal.lossless
    private(set) var coding = ExperimentProfile.Coding.reference
    private(set) var margin = 4
    private(set) var isBesidePublished = false
    private(set) var remarks: [String] = []

    init(root: ProfileNode, path: String, data: String?) {
        self.root = root
        self.path = path
        places = DataPlaces(profile: path, data: data)
    }

    mutating func read() throws(ProfileError) -> ExperimentProfile {
        try root.allow(
            "title", "question", "volumes", "encodings", "transports", "orders", "links", "sweep", "seeds", "until", "coding",
            "margin", "beside_published")
        title = root.has("title") ? try root.text("title") : Self.stem(path)
        question = root.has("question") ? try root.text("question") : ""
        encodings = try named("encodings", .encoding, standard: "diagnostic") { (path) throws(ProfileError) in
            try EncodingProfile.load(path)
        }
        transports = try named("transports", .transport, standard: "default") { (path) throws(ProfileError) in
            try TransportProfile.load(path)
        }
        if root.has("orders") {
            orders = try root.values("orders", wants: "roi-first or fifo") { TransmissionOrder(rawValue: $0) }
        }
        var linkReader = ExperimentLinkReader(root: root, places: places)
        links = try linkReader.read()
        var volumeReader = ExperimentVolumeReader(root: root, places: places)
        subjects = try volumeReader.read()
        remarks = volumeReader.remarks + linkReader.remarks
        seeds = try readSeeds()
        if root.has("until") {
            goal = try root.value("until", wants: "one of: " + Goal.allCases.map(\.name).joined(separator: ", ")) { text in
                Goal.allCases.first { $0.name == text }
            }
        }
        coding = try root.choice("coding", ExperimentProfile.Coding.self, default: .reference)
        if root.has("margin") {
            margin = try root.value("margin", wants: "0 to 512 voxels") { Int($0).flatMap { (0...512).contains($0) ? $0 : nil } }
        }
        if root.has("beside_published") {
            isBesidePublished = try root.value("beside_published", wants: "true or false") { Bool($0) }
        }
        let profile = ExperimentProfile(
            self, path: path, contents: FileManager.default.contents(atPath: path).map(Array.init) ?? [])
        var count = 1
        for factor in [subjects.count, encodings.count, transports.count, orders.count, links.count, seeds.count] {
            count *= factor
            guard count <= ExperimentProfile.cellLimit else {
                throw ProfileError(
                    .invalidValue,
                    "\(path): more than \(ExperimentProfile.cellLimit) transfers; shorten a list, or split the experiment")
            }
        }
        return profile
    }

    private func named<Value>(
        _ key: String, _ folder: ProfileFolder, standard: String, _ load: (String) throws(ProfileError) -> Value
    ) throws(ProfileError) -> [ExperimentProfile.Named<Value>] {
        let names = root.has(key) ? try root.values(key, wants: "a profile's name or path") { $0.isEmpty ? nil : $0 } : [standard]
        var found: [ExperimentProfile.Named<Value>] = []
        for name in names {
            // A path is the profile's own folder's business; a name is a folder's of profiles.
            let place = name.contains("/") || name.hasSuffix(".yaml") ? places.file(name) ?? name : name
            let path = try root.wrap(key) { try folder.path(place) }
            guard !found.contains(where: { $0.name == Self.stem(name) }) else {
                throw root.refusal(key, "has '\(Self.stem(name))' twice")
            }
            found.append(
                ExperimentProfile.Named(
                    name: Self.stem(name), value: try load(path),
                    contents: FileManager.default.contents(atPath: path).map(Array.init) ?? []))
        }
        return found
    }

    /// A count of seeds from 1 on, or a list of seeds.
    private func readSeeds() throws(ProfileError) -> [UInt64] {
        guard root.has("seeds") else { return [1] }
        let wants = "how many seeds, 1 to 10000, or a list of them"
        let items = try root.items("seeds")
        let isList = items.count > 1 || (try? root.text("seeds")) == nil
        let values = try root.values("seeds", wants: wants) { UInt64($0) }
        guard isList else {
            guard let count = values.first, (1...10_000).contains(count) else { throw items[0].refusal("is not \(wants)") }
            return Array(1...count)
        }
        guard Set(values).count == values.count else { throw root.refusal("seeds", "has a seed twice") }
        return values
    }

    /// A path's last part without its ending.
    static func stem(_ path: String) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        return last.hasSuffix(".yaml") ? String(last.dropLast(5)) : last
    }
}

/// The folders to which an experiment's relative paths lead.
struct DataPlaces {
    private let folders: [String]

    init(profile: String, data: String?) {
        let own = profile.lastIndex(of: "/").map { String(profile[..<$0]) } ?? "."
        folders = [own] + [data].compactMap { $0 }
    }

    /// The first place where there is such a file or folder.
    func file(_ path: String) -> String? {
        let candidates = path.hasPrefix("/") ? [path] : folders.map { "\($0)/\(path)" }
        return candidates.first { FileManager.default.fileExists(atPath: $0) }
    }

    /// The files of a folder whose names match a pattern of `*` and `?`, sorted.
    func files(in folder: String, matching pattern: String) -> [String]? {
        var isFolder: ObjCBool = false
        guard let place = file(folder), FileManager.default.fileExists(atPath: place, isDirectory: &isFolder), isFolder.boolValue,
            let names = try? FileManager.default.contentsOfDirectory(atPath: place)
        else { return nil }
        return names.filter { fnmatch(pattern, $0, 0) == 0 && !$0.hasPrefix(".") }.sorted().map { "\(place)/\($0)" }
    }
}
