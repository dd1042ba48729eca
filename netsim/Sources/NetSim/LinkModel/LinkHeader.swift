/// The part of a ``LinkLog``'s header that describes a link.
///
/// A direction is its rate, delay, loss and queue, and then only what it has besides, so that plain links read as they do in
/// version 1. Lists within a value are in brackets and separated by semicolons.
enum LinkHeader {
    /// The least version of the log's format that knows all that a link does.
    static func version(of link: LinkParameters) -> Int { isPlain(link.up) && isPlain(link.down) ? 1 : 2 }

    static func describe(_ direction: LinkDirection) -> String {
        let impairments = direction.impairments
        var parts = [
            "rate \(describe(direction.rate))", "delay \(milliseconds(direction.delay))",
            "loss \(describe(impairments.loss))", "queue \(describe(direction.queue))",
        ]
        if let outage = impairments.outage {
            parts.append(
                "outage [every \(milliseconds(outage.period)); for \(milliseconds(outage.duration)); "
                    + "phase \(milliseconds(outage.phase))]")
        }
        if let mtu = impairments.mtu { parts.append("mtu \(mtu)") }
        if impairments.duplicationProbability > 0 { parts.append("duplicate \(impairments.duplicationProbability)") }
        if impairments.corruptionProbability > 0 { parts.append("corrupt \(impairments.corruptionProbability)") }
        if let jitter = impairments.jitter { parts.append("jitter \(describe(jitter))") }
        return parts.joined(separator: ", ")
    }

    private static func isPlain(_ direction: LinkDirection) -> Bool {
        guard case .independent = direction.impairments.loss, case .bytes = direction.queue.limit else { return false }
        return direction.queue.discipline == .dropTail
            && direction.impairments == LinkImpairments(loss: direction.impairments.loss)
    }

    private static func describe(_ loss: LossModel) -> String {
        switch loss {
        case .independent(let probability): "\(probability)"
        case .gilbertElliott(let model):
            "gilbert-elliott [p \(model.p); r \(model.r); good \(model.lossInGood); bad \(model.lossInBad)]"
        case .fourState(let model):
            "four-state [p13 \(model.p13); p31 \(model.p31); p32 \(model.p32); p23 \(model.p23); p14 \(model.p14)]"
        }
    }

    private static func describe(_ queue: QueueParameters) -> String {
        let limit =
            switch queue.limit {
            case .bytes(let count): "\(count) bytes"
            case .packets(let count): "\(count) packets"
            }
        switch queue.discipline {
        case .dropTail: return limit
        case .dropHead: return "\(limit) drop-head"
        case .coDel(let target, let interval):
            return "\(limit) codel [target \(milliseconds(target)); interval \(milliseconds(interval))]"
        case .pie(let target, let updateInterval):
            return "\(limit) pie [target \(milliseconds(target)); update \(milliseconds(updateInterval))]"
        }
    }

    private static func describe(_ jitter: Jitter) -> String {
        let distribution =
            switch jitter.distribution {
            case .uniform(let minimum, let maximum):
                "uniform [minimum \(milliseconds(minimum)); maximum \(milliseconds(maximum))]"
            case .normal(let mean, let deviation): "normal [mean \(milliseconds(mean)); deviation \(milliseconds(deviation))]"
            case .pareto(let minimum, let shape, let maximum):
                "pareto [minimum \(milliseconds(minimum)); shape \(shape); maximum \(milliseconds(maximum))]"
            }
        return jitter.reorders ? "\(distribution) reordering" : distribution
    }

    private static func describe(_ rate: LinkRate) -> String {
        switch rate {
        case .constant(let bitsPerSecond): return "\(bitsPerSecond) bit/s"
        case .steps(let steps):
            let texts = steps.map { "\(milliseconds($0.from)): \($0.bitsPerSecond) bit/s" }
            return "steps [\(texts.joined(separator: "; "))]"
        case .trace(let trace):
            return "trace [\(trace.name): \(trace.milliseconds.count) x \(LinkTrace.opportunityByteCount) bytes "
                + "in \(trace.milliseconds.last ?? 0) ms]"
        }
    }

    private static func milliseconds(_ duration: Duration) -> String {
        var text = ""
        LinkLog.appendMilliseconds(duration, to: &text)
        return text + " ms"
    }
}
