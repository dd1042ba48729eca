internal import StrictYAML
internal import NetSim

/// The keys of a link, or of one of its directions, that say what it does to packets.
extension LinkProfile {
    private enum LossName: String, CaseIterable {
        case independent
        case gilbertElliott = "gilbert-elliott"
        case fourState = "four-state"
    }

    private enum DistributionName: String, CaseIterable { case uniform, normal, pareto }

    /// `loss: 1 %`, or a mapping with a model and what it has.
    static func loss(_ node: ProfileNode) throws(ProfileError) -> LossModel {
        guard node.isMapping("loss") else { return .independent(try requiredShare("loss", node)) }
        let inner = try node.node("loss")
        let model: LossModel
        switch try inner.choice("model", LossName.self) {
        case .independent:
            try inner.allow("model", "probability")
            model = .independent(try requiredShare("probability", inner))
        case .gilbertElliott:
            try inner.allow("model", "p", "r", "good", "bad")
            model = .gilbertElliott(
                GilbertElliott(
                    p: try requiredShare("p", inner), r: try requiredShare("r", inner),
                    lossInGood: try share("good", inner), lossInBad: try share("bad", inner, default: 1)))
        case .fourState:
            try inner.allow("model", "p13", "p31", "p32", "p23", "p14")
            model = .fourState(
                FourStateMarkov(
                    p13: try requiredShare("p13", inner), p31: try requiredShare("p31", inner),
                    p32: try share("p32", inner), p23: try share("p23", inner, default: 1), p14: try share("p14", inner)))
        }
        try node.wrap("loss") { try model.validate() }
        return model
    }

    /// `outage: { every: 60 s, for: 5 s, phase: 10 s }`; `none`, or nothing at all, for none.
    static func outage(_ node: ProfileNode) throws(ProfileError) -> PeriodicOutage? {
        guard let inner = try node.nodeUnlessNone("outage") else { return nil }
        try inner.allow("every", "for", "phase")
        let outage = PeriodicOutage(
            every: try requiredTime("every", inner), for: try requiredTime("for", inner), phase: try time("phase", inner))
        try node.wrap("outage") { try outage.validate() }
        return outage
    }

    /// `mtu: 1420`, in bytes of IP packets; `none`, or nothing at all, for no limit.
    static func mtu(_ node: ProfileNode) throws(ProfileError) -> Int? {
        guard node.has("mtu") else { return nil }
        let mtu: Int? = try node.value("mtu", wants: "a number of bytes, or none") {
            $0 == "none" ? .some(nil) : Int($0).map { .some($0) }
        }
        try node.wrap("mtu") { try LinkImpairments(mtu: mtu).validate() }
        return mtu
    }

    /// `jitter: { distribution: normal, mean: 8 ms, deviation: 3 ms, reorder: true }`; `none`, or nothing at all, for none.
    static func jitter(_ node: ProfileNode) throws(ProfileError) -> Jitter? {
        guard let inner = try node.nodeUnlessNone("jitter") else { return nil }
        let distribution: Jitter.Distribution
        switch try inner.choice("distribution", DistributionName.self) {
        case .uniform:
            try inner.allow("distribution", "reorder", "minimum", "maximum")
            distribution = .uniform(
                minimum: try time("minimum", inner) ?? .zero, maximum: try requiredTime("maximum", inner))
        case .normal:
            try inner.allow("distribution", "reorder", "mean", "deviation")
            distribution = .normal(mean: try requiredTime("mean", inner), deviation: try requiredTime("deviation", inner))
        case .pareto:
            try inner.allow("distribution", "reorder", "minimum", "shape", "maximum")
            distribution = .pareto(
                minimum: try requiredTime("minimum", inner),
                shape: try inner.value("shape", wants: Quantities.numberForm, Quantities.number),
                maximum: try time("maximum", inner) ?? Jitter.maximumDelay)
        }
        let jitter = Jitter(distribution, reorders: try inner.flag("reorder"))
        try node.wrap("jitter") { try jitter.validate() }
        return jitter
    }

    static func share(_ key: String, _ node: ProfileNode, default standard: Double = 0) throws(ProfileError) -> Double {
        node.has(key) ? try requiredShare(key, node) : standard
    }

    static func requiredShare(_ key: String, _ node: ProfileNode) throws(ProfileError) -> Double {
        try node.value(key, wants: Quantities.shareForm, Quantities.share)
    }

    static func time(_ key: String, _ node: ProfileNode) throws(ProfileError) -> Duration? {
        node.has(key) ? try requiredTime(key, node) : nil
    }

    static func requiredTime(_ key: String, _ node: ProfileNode) throws(ProfileError) -> Duration {
        try node.value(key, wants: Quantities.timeForm, Quantities.time)
    }
}
