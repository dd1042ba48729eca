/// How a session uses the link: `profiles/transport/NAME.yaml`.
public struct TransportProfile: Sendable, Equatable {
    /// The most bits a second on the wire, IP and UDP headers and retransmissions included.
    public var bitsPerSecond: Double
    /// How long the peer may be silent before a person is told.
    public var stalledAfter: Duration = .seconds(2)
    /// How long the peer may be silent before the session is given up.
    public var silenceLimit: Duration = .seconds(20)
    /// How long to try to reach the receiver.
    public var connectPatience: Duration = .seconds(10)

    /// A profile of one rate and the defaults.
    public init(bitsPerSecond: Double) { self.bitsPerSecond = bitsPerSecond }

    /// What a link of some rate is filled to. The rest is for what the sender does not see: lower layers' own traffic, and the
    /// difference between its clock and the link's.
    public static let linkShare = 0.97

    /// Reads a profile by name or path.
    /// - Throws: `ProfileError`, with file and line.
    public static func load(_ nameOrPath: String) throws(ProfileError) -> TransportProfile {
        try read(ProfileNode.read(ProfileFolder.transport.path(nameOrPath)))
    }

    /// Reads a profile from text.
    /// - Throws: `ProfileError`, with `file` and line.
    public static func parse(_ text: String, file: String) throws(ProfileError) -> TransportProfile {
        try read(ProfileNode.parse(text, file: file))
    }

    private static func read(_ root: ProfileNode) throws(ProfileError) -> TransportProfile {
        try root.allow("rate", "stalled_after", "silence_limit", "connect_patience")
        var profile = TransportProfile(bitsPerSecond: try root.value("rate", wants: Quantities.rateForm, Quantities.rate))
        func time(_ key: String, _ path: WritableKeyPath<TransportProfile, Duration>) throws(ProfileError) {
            guard root.has(key) else { return }
            profile[keyPath: path] = try root.value(key, wants: Quantities.timeForm, Quantities.time)
        }
        try time("stalled_after", \.stalledAfter)
        try time("silence_limit", \.silenceLimit)
        try time("connect_patience", \.connectPatience)
        return profile
    }
}
