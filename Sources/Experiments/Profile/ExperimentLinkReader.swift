internal import LinkProfiles
internal import StrictYAML
internal import Foundation
internal import NetSim

/// Reads over which links an experiment sends: profiles, links written out, folders of traces, or a base link of which some keys are swept.
struct ExperimentLinkReader {
    private typealias Link = ExperimentProfile.Named<LinkParameters>
    let root: ProfileNode
    let places: DataPlaces
    private(set) var remarks: [String] = []

    init(root: ProfileNode, places: DataPlaces) {
        self.root = root
        self.places = places
    }

    mutating func read() throws(ProfileError) -> [ExperimentProfile.Named<LinkParameters>] {
        guard let key = try root.only("links", "sweep") else { throw root.missing("links", or: "sweep") }
        var links: [Link] = []
        for item in key == "sweep" ? [] : try root.items("links") {
            for link in try read(item) {
                guard !links.contains(where: { $0.name == link.name }) else {
                    throw item.refusal("gives a second link called '\(link.name)'")
                }
                links.append(link)
            }
        }
        if key == "sweep" { links = try sweep(root.node("sweep")) }
        guard !links.isEmpty else { throw root.refusal(key, "leaves no link to send over") }
        return links
    }

    private mutating func read(_ item: ProfileNode.Item) throws(ProfileError) -> [Link] {
        guard let node = item.node else {
            let text = item.text ?? ""
            let place = text.contains("/") || text.hasSuffix(".yaml") ? places.file(text) ?? text : text
            let path = try item.wrap { try ProfileFolder.links.path(place) }
            let name = ExperimentReader.stem(text)
            return [Link(name: name, value: try LinkProfile.read(ProfileNode.read(path), name: name), contents: bytes(path))]
        }
        if node.has("traces") { return try traces(node) }
        guard node.has("name") else { throw node.missing("name", or: "traces") }
        let name = try node.text("name")
        let link = try LinkProfile.read(node.replacing([:], without: ["name"]), name: name)
        return [Link(name: name, value: link, contents: Array("\(link)".utf8))]
    }

    /// A link for each trace of a folder, otherwise alike.
    private mutating func traces(_ node: ProfileNode) throws(ProfileError) -> [Link] {
        let folder = try node.text("traces")
        let match = node.has("match") ? try node.text("match") : "*"
        let isOptional = node.has("optional") ? try node.value("optional", wants: "true or false") { Bool($0) } : false
        let paths = places.files(in: folder, matching: match) ?? []
        guard !paths.isEmpty else {
            let message = "no traces '\(match)' in '\(folder)'; give the folder that holds '\(folder)' with --data or FOVEA_DATA"
            guard isOptional else { throw node.refusal("traces", "finds \(message)") }
            remarks.append("\(message): going on without recorded traces")
            return []
        }
        var links: [Link] = []
        for path in paths {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            let absolute = URL(fileURLWithPath: path).path
            let own = node.replacing(["trace": absolute], without: ["traces", "match", "optional"])
            links.append(Link(name: name, value: try LinkProfile.read(own, name: String(name.prefix(50))), contents: bytes(path)))
        }
        return links
    }

    /// Every combination of the values given, each over the base link.
    private func sweep(_ node: ProfileNode) throws(ProfileError) -> [Link] {
        try node.allow("base", "rate", "round_trip", "loss", "queue")
        let base = try node.text("base")
        let place = base.contains("/") || base.hasSuffix(".yaml") ? places.file(base) ?? base : base
        let path = try node.wrap("base") { try ProfileFolder.links.path(place) }
        let axes: [(key: String, values: [String])] = [
            ("rate", try values(node, "rate", Quantities.rateForm) { Quantities.rate($0) != nil }),
            ("round_trip", try values(node, "round_trip", Quantities.timeForm) { Quantities.time($0) != nil }),
            ("loss", try values(node, "loss", Quantities.shareForm) { Quantities.share($0) != nil }),
            ("queue", try values(node, "queue", Quantities.byteForm) { Quantities.bytes($0) != nil }),
        ].filter { !$0.values.isEmpty }
        guard !axes.isEmpty else { throw node.missing("rate", or: "round_trip", "loss", "queue") }
        var combinations: [[String: String]] = [[:]]
        for (key, values) in axes {
            combinations = combinations.flatMap { before in values.map { before.merging([key: $0]) { $1 } } }
            guard combinations.count <= ExperimentProfile.cellLimit else { throw node.refusal(key, "makes too many links") }
        }
        let contents = bytes(path)
        var links: [Link] = []
        for combination in combinations {
            // What does not change needs no place in the name.
            let told = axes.filter { $0.values.count > 1 || axes.count == 1 }.compactMap { axis in
                combination[axis.key].map { axis.key == "rate" ? $0 : "\(Self.word(axis.key)) \($0)" }
            }
            let name = ([ExperimentReader.stem(base)] + told).joined(separator: ", ")
            let link = try node.wrap { try LinkProfile.load(path, replacing: combination, name: String(name.prefix(150))) }
            let changes = combination.sorted { $0.key < $1.key }.map { "\n\($0.key): \($0.value)" }.joined()
            links.append(Link(name: name, value: link, contents: contents + Array(changes.utf8)))
        }
        guard Set(links.map(\.name)).count == links.count else { throw root.refusal("sweep", "has a value twice") }
        return links
    }

    private static func word(_ key: String) -> String { key == "round_trip" ? "RTT" : key }

    private func values(_ node: ProfileNode, _ key: String, _ form: String, _ isValid: (String) -> Bool) throws(ProfileError)
        -> [String]
    {
        guard node.has(key) else { return [] }
        return try node.values(key, wants: form) { isValid($0) ? $0 : nil }
    }

    private func bytes(_ path: String) -> [UInt8] { FileManager.default.contents(atPath: path).map(Array.init) ?? [] }
}
