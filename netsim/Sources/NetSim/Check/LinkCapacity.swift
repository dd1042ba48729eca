extension LinkRate {
    /// The bits that a link of this rate can carry after `start` and up to `end`, for comparing with what it did carry. Works from
    /// the definition, and shares nothing with what decides when packets leave.
    package func bitCount(after start: Duration, upTo end: Duration) -> Double {
        guard end > start else { return 0 }
        switch self {
        case .constant(let bitsPerSecond): return bitsPerSecond * ((end - start) / .seconds(1))
        case .steps(let steps):
            var bitCount = 0.0
            for (index, step) in steps.enumerated() {
                let from = max(start, step.from)
                let to = index + 1 < steps.count ? min(end, steps[index + 1].from) : end
                if to > from { bitCount += step.bitsPerSecond * ((to - from) / .seconds(1)) }
            }
            return bitCount
        case .trace(let trace):
            let count = trace.opportunityCount(upTo: end) - trace.opportunityCount(upTo: start)
            return Double(count * LinkTrace.opportunityByteCount * 8)
        }
    }

    /// The highest rate at any time before `end`, over tenths of a second where it is a trace's.
    func highestBitsPerSecond(before end: Duration) -> Double {
        switch self {
        case .constant(let bitsPerSecond): return bitsPerSecond
        case .steps(let steps): return steps.filter { $0.from < end }.map(\.bitsPerSecond).max() ?? bitsPerSecond
        case .trace:
            let window = Duration.milliseconds(100)
            var highest = bitsPerSecond
            var start = Duration.zero
            while start < end {
                highest = max(highest, bitCount(after: start, upTo: start + window) * 10)
                start += window
            }
            return highest
        }
    }

    /// The lowest rate at any time before `end`; a trace's mean.
    func lowestBitsPerSecond(before end: Duration) -> Double {
        guard case .steps(let steps) = self else { return bitsPerSecond }
        return steps.filter { $0.from < end }.map(\.bitsPerSecond).min() ?? bitsPerSecond
    }
}

extension LinkTrace {
    /// Returns the number of opportunities from the start of the recording's first run up to `time`, with it.
    func opportunityCount(upTo time: Duration) -> Int {
        guard time >= .zero else { return 0 }
        let periodCount = time.attoseconds / period.attoseconds
        let rest = Duration(attoseconds: time.attoseconds - periodCount * period.attoseconds)
        let millisecond = UInt32(rest.attoseconds / Duration.milliseconds(1).attoseconds)
        return Int(periodCount) * milliseconds.count + firstIndex(after: millisecond, from: 0)
    }
}
