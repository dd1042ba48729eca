public import StrictYAML
public import NetSim

/// Link profiles: `profiles/links/NAME.yaml`. netsim's README has the keys.
public enum LinkProfile {
    /// Reads a profile by name or path.
    /// - Throws: `ProfileError`, with file and line.
    public static func load(_ nameOrPath: String) throws(ProfileError) -> LinkParameters {
        let path = try ProfileFolder.links.path(nameOrPath)
        // A path's last part is name enough, and a log's header has room for it.
        let name = String((nameOrPath.split(separator: "/").last ?? "link").prefix(50))
        return try read(ProfileNode.read(path), name: name)
    }

    /// Reads a profile from text.
    /// - Throws: `ProfileError`, with `file` and line.
    public static func parse(_ text: String, file: String) throws(ProfileError) -> LinkParameters {
        try read(ProfileNode.parse(text, file: file), name: file)
    }

    /// The keys that the link and each of its directions may have.
    private static let keys = ["rate", "trace", "steps", "loss", "queue", "jitter", "outage", "mtu", "corrupt", "duplicate"]

    /// Reads a profile by name or path with other values for some of its keys, in both directions: what a sweep changes.
    /// - Parameter values: as a profile would write them; a `rate` takes the place of a trace and of steps too.
    /// - Throws: `ProfileError`, with file and line.
    public static func load(_ nameOrPath: String, replacing values: [String: String], name: String) throws(ProfileError)
        -> LinkParameters
    {
        let root = try ProfileNode.read(ProfileFolder.links.path(nameOrPath))
        var removed: Set<String> = []
        if values["rate"] != nil { removed.formUnion(["trace", "steps"]) }
        if values["round_trip"] != nil { removed.insert("delay") }
        return try read(root.replacing(values, without: removed), name: name)
    }

    package static func read(_ root: ProfileNode, name: String) throws(ProfileError) -> LinkParameters {
        try root.allow(keys + ["round_trip", "up", "down"])
        let roundTrip = try root.value("round_trip", wants: Quantities.timeForm, Quantities.time)
        try root.wrap("round_trip") { try LinkDirection.validate(delay: roundTrip / 2) }
        let common = try rate(root)
        let up = try direction("up", root, common, roundTrip / 2)
        let down = try direction("down", root, common, roundTrip / 2)
        return try root.wrap { try LinkParameters(name: name, up: up, down: down) }
    }

    /// A direction takes what its own keys say, and the rest from the link's.
    private static func direction(_ key: String, _ root: ProfileNode, _ common: LinkRate?, _ delay: Duration)
        throws(ProfileError) -> LinkDirection
    {
        let own = try root.has(key) ? root.node(key) : nil
        try own?.allow(keys + ["delay"])
        func pick(_ name: String) -> ProfileNode { own.map { $0.has(name) ? $0 : root } ?? root }
        let ownRate: LinkRate? = try own.flatMap { own throws(ProfileError) in try rate(own) }
        guard let rate = ownRate ?? common else { throw root.missing("rate", or: "trace", "steps") }
        let impairments = LinkImpairments(
            loss: try loss(pick("loss")), outage: try outage(pick("outage")), mtu: try mtu(pick("mtu")),
            duplicationProbability: try share("duplicate", pick("duplicate")),
            corruptionProbability: try share("corrupt", pick("corrupt")), jitter: try jitter(pick("jitter")))
        let queue = try queue(pick("queue"))
        let ownDelay: Duration? = try own.flatMap { own throws(ProfileError) in try Self.delay(own) }
        return try (own ?? root).wrap {
            try LinkDirection(rate: rate, delay: ownDelay ?? delay, queue: queue, impairments: impairments)
        }
    }

    private static func delay(_ node: ProfileNode) throws(ProfileError) -> Duration? {
        guard node.has("delay") else { return nil }
        let delay = try node.value("delay", wants: Quantities.timeForm, Quantities.time)
        try node.wrap("delay") { try LinkDirection.validate(delay: delay) }
        return delay
    }

    /// The rate that a node gives itself, in one of its three forms; nil for none.
    private static func rate(_ node: ProfileNode) throws(ProfileError) -> LinkRate? {
        guard let key = try node.only("rate", "trace", "steps") else { return nil }
        let rate: LinkRate
        switch key {
        case "trace":
            let path = try node.path(key)
            rate = .trace(try node.wrap(key) { try LinkTrace(path: path) })
        case "steps":
            let steps = try node.pairs(
                key, keys: Quantities.timeForm, Quantities.time, values: Quantities.rateForm, Quantities.rate)
            rate = .steps(steps.map { LinkRate.Step(from: $0.key, bitsPerSecond: $0.value) })
        default: rate = .constant(bitsPerSecond: try node.value(key, wants: Quantities.rateForm, Quantities.rate))
        }
        try node.wrap(key) { try rate.validate() }
        return rate
    }
}
