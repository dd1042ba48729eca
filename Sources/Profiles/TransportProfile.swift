package import StrictYAML
/// The way in which a session uses the link: `profiles/transport/NAME.yaml`.
package struct TransportProfile: Sendable, Equatable {
    /// Bits a second on the wire, IP and UDP headers and retransmissions included; nil: as much as the link is found to carry.
    package var bitsPerSecond: Double?
    /// The most, where the rate is found out.
    package var ceiling: Double?
    /// Parity pieces over pieces, for what goes first; nil: an eighth where the link loses, none where it does not.
    package var parityRatio: Double?
    /// The longest datagram, in bytes without the 44 of IPv4's, UDP's and SRT's headers (64 over IPv6); nil: as long as the path takes, which
    /// may drop full-size ones without a word, as tunnels do.
    package var datagramByteCount: Int?
    /// The values that ``datagramByteCount`` may have: with headers from what every path takes to Ethernet's 1500.
    package static let datagramByteRange = 576...1456
    /// Time the peer may be silent before a person is told.
    package var stalledAfter: Duration = .seconds(2)
    /// Time the peer may be silent before its connection is given up.
    package var idleTimeout: Duration = .seconds(125)
    /// Time for which to try to reach the receiver.
    package var connectTimeout: Duration = .seconds(10)
    /// Time for which to try to reach it again once a connection is lost.
    package var resumeTimeout: Duration = .seconds(600)

    /// A profile of the defaults.
    /// - Parameter bitsPerSecond: a rate to keep to; nil for what the link is found to carry.
    package init(bitsPerSecond: Double? = nil) { self.bitsPerSecond = bitsPerSecond }

    /// Share of its rate to which a link is filled. The rest is for what the sender does not see: lower layers' own traffic, and the
    /// difference between its clock and the link's.
    package static let linkShare = 0.97

    /// Reads a profile by name or path.
    /// - Throws: `ProfileError`, with file and line.
    package static func load(_ nameOrPath: String) throws(ProfileError) -> TransportProfile {
        try read(ProfileNode.read(ProfileFolder.transport.path(nameOrPath)))
    }

    /// Reads a profile from text.
    /// - Throws: `ProfileError`, with `file` and line.
    package static func parse(_ text: String, file: String) throws(ProfileError) -> TransportProfile {
        try read(ProfileNode.parse(text, file: file))
    }

    private static func read(_ root: ProfileNode) throws(ProfileError) -> TransportProfile {
        try root.allow(
            "rate", "ceiling", "fec", "datagram_bytes", "stalled_after", "silence_limit", "connect_patience", "resume_patience")
        var profile = TransportProfile()
        profile.bitsPerSecond = try root.value("rate", wants: "auto, or \(Quantities.rateForm)") { text in
            text == "auto" ? .some(nil) : Quantities.rate(text).map { .some($0) }
        }
        if root.has("ceiling") { profile.ceiling = try root.value("ceiling", wants: Quantities.rateForm, Quantities.rate) }
        if root.has("fec") {
            profile.parityRatio = try root.value("fec", wants: "auto, off, or a share from 1 to 100 %") { text in
                switch text {
                case "auto": .some(nil)
                case "off", "false", "no": .some(0)
                default: Quantities.share(text).flatMap { (0.01...1).contains($0) ? .some($0) : nil }
                }
            }
        }
        if root.has("datagram_bytes") {
            let range = datagramByteRange
            profile.datagramByteCount = try root.value(
                "datagram_bytes", wants: "a whole number from \(range.lowerBound) to \(range.upperBound)"
            ) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
        }
        func time(_ key: String, _ path: WritableKeyPath<TransportProfile, Duration>) throws(ProfileError) {
            guard root.has(key) else { return }
            profile[keyPath: path] = try root.value(key, wants: Quantities.timeForm, Quantities.time)
        }
        try time("stalled_after", \.stalledAfter)
        try time("silence_limit", \.idleTimeout)
        try time("connect_patience", \.connectTimeout)
        try time("resume_patience", \.resumeTimeout)
        return profile
    }
}
