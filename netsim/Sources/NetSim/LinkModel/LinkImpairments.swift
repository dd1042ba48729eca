internal import Faults

/// All that one direction of a link does to packets besides pacing, queueing and delaying them all alike: by default nothing.
///
/// ```
/// var impairments = LinkImpairments()
/// impairments.loss = .gilbertElliott(GilbertElliott(p: 0.01, r: 0.3))
/// impairments.jitter = Jitter(.uniform(minimum: .zero, maximum: .milliseconds(8)))
/// ```
///
/// Random draws of each impairment come from a stream of its own and belong to the packet's number, so that adding one, or
/// changing it, leaves to every packet what the others do to it.
public struct LinkImpairments: Sendable, Equatable {
    /// Which packets are lost on entry.
    public var loss: LossModel
    /// When everything is lost on entry; `nil` for never.
    public var outage: PeriodicOutage?
    /// The most bytes that a packet may have at the IP level. Larger ones are lost without a word, as where the path's narrowest link is
    /// not the first and its ICMP messages are filtered; `nil` for no limit.
    public var mtu: Int?
    /// The probability, 0...1, that a packet which was not lost on entry is copied there. The copy takes a place of its own in
    /// the queue.
    public var duplicationProbability: Double
    /// The probability, 0...1, that a bit of the payload is flipped on the way, of copies and originals by themselves.
    public var corruptionProbability: Double
    /// By how much packets are delayed behind the queue, each by itself; `nil` for not at all.
    public var jitter: Jitter?

    /// The values that ``mtu`` may have: from what every IPv4 host takes to the longest packet there is.
    public static let mtuRange = 576...65535

    /// Creates impairments; ``validate()`` looks at their values.
    public init(
        loss: LossModel = .independent(0), outage: PeriodicOutage? = nil, mtu: Int? = nil,
        duplicationProbability: Double = 0, corruptionProbability: Double = 0, jitter: Jitter? = nil
    ) {
        self.loss = loss
        self.outage = outage
        self.mtu = mtu
        self.duplicationProbability = duplicationProbability
        self.corruptionProbability = corruptionProbability
        self.jitter = jitter
    }

    /// Checks the values; ``LinkDirection`` does so itself.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the value refused.
    public func validate() throws {
        try loss.validate()
        try outage?.validate()
        if let mtu, !Self.mtuRange.contains(mtu) {
            throw NetSimError(
                .invalidParameter, "an MTU of \(mtu) bytes is outside \(Self.mtuRange.lowerBound) to \(Self.mtuRange.upperBound)")
        }
        try Probability.validate(duplicationProbability, "duplication probability")
        try Probability.validate(corruptionProbability, "corruption probability")
        try jitter?.validate()
    }
}
