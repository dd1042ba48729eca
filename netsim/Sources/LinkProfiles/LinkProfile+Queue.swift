internal import StrictYAML
internal import NetSim

/// The key of a link, or of one of its directions, that says what waits for it.
extension LinkProfile {
    private enum DisciplineName: String, CaseIterable {
        case dropTail = "drop-tail"
        case dropHead = "drop-head"
        case coDel = "codel"
        case pie
    }

    /// `queue: 128 KiB`, `queue: 100 packets`, or a mapping with a limit, a discipline and what it has.
    static func queue(_ node: ProfileNode) throws(ProfileError) -> QueueParameters {
        guard node.isMapping("queue") else { return QueueParameters(limit: try limit("queue", node)) }
        let inner = try node.node("queue")
        let discipline: QueueDiscipline
        switch try inner.choice("discipline", DisciplineName.self, default: .dropTail) {
        case .dropTail:
            try inner.allow("discipline", "limit")
            discipline = .dropTail
        case .dropHead:
            try inner.allow("discipline", "limit")
            discipline = .dropHead
        case .coDel:
            try inner.allow("discipline", "limit", "target", "interval")
            discipline = .coDel(
                target: try time("target", inner) ?? .milliseconds(5),
                interval: try time("interval", inner) ?? .milliseconds(100))
        case .pie:
            try inner.allow("discipline", "limit", "target", "update")
            discipline = .pie(
                target: try time("target", inner) ?? .milliseconds(15),
                updateInterval: try time("update", inner) ?? .milliseconds(15))
        }
        let queue = QueueParameters(discipline, limit: try limit("limit", inner))
        try node.wrap("queue") { try queue.validate() }
        return queue
    }

    private static func limit(_ key: String, _ node: ProfileNode) throws(ProfileError) -> QueueLimit {
        let limit = try node.value(key, wants: "\(Quantities.byteForm), or of packets such as 100 packets") { text in
            Quantities.packets(text).map { .packets($0) } ?? Quantities.bytes(text).map { QueueLimit.bytes($0) }
        }
        try node.wrap(key) { try limit.validate() }
        return limit
    }
}
