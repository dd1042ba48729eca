/// The content of a log's header about the run, as far as a reader has use for it.
struct LogHeader: Sendable, Equatable {
    /// The settings that one direction was asked to have; `nil` for what the header does not tell in a known form.
    struct Direction: Sendable, Equatable {
        /// Constant or in steps; of a trace, the mean.
        var rate: LinkRate?
        /// True when `rate` is only a trace's mean.
        var isMean = false
        var delay: Duration?
    }

    /// The link's name.
    var name = ""
    var up = Direction()
    var down = Direction()

    subscript(heading: Heading) -> Direction { heading == .up ? up : down }

    /// Takes in one line. Unknown ones are for other readers.
    mutating func read(_ line: String) {
        if let text = line.dropping(prefix: "# link: ") { name = String(text.prefix(LinkParameters.maximumNameByteCount)) }
        if let text = line.dropping(prefix: "# up: ") { up = Self.direction(text) }
        if let text = line.dropping(prefix: "# down: ") { down = Self.direction(text) }
    }

    private static func direction(_ text: Substring) -> Direction {
        var direction = Direction()
        // A trace's name may hold anything, also what looks like the next part, which is therefore looked for from the end.
        guard let rateText = text.dropping(prefix: "rate "), let comma = rateText.lastStart(of: ", delay ") else {
            return direction
        }
        let delayText = rateText[comma...].dropFirst(", delay ".count).prefix { $0 != " " && $0 != "," }
        direction.delay = LogLine.time(Array(delayText.utf8))
        (direction.rate, direction.isMean) = rate(rateText[..<comma])
        if let rate = direction.rate, (try? rate.validate()) == nil { direction.rate = nil }
        return direction
    }

    private static func rate(_ text: Substring) -> (LinkRate?, isMean: Bool) {
        if let number = bitsPerSecond(text) { return (.constant(bitsPerSecond: number), false) }
        if let list = text.dropping(prefix: "steps ["), list.last == "]" {
            let steps = list.dropLast().split(separator: ";").prefix(LinkRate.maximumStepCount + 1).map { part in
                let halves = part.drop { $0 == " " }.split(separator: ":")
                guard halves.count == 2, halves[0].hasSuffix(" ms"), let from = LogLine.time(Array(halves[0].dropLast(3).utf8)),
                    let rate = bitsPerSecond(halves[1].drop { $0 == " " })
                else { return nil as LinkRate.Step? }
                return LinkRate.Step(from: from, bitsPerSecond: rate)
            }
            return (steps.contains(nil) ? nil : .steps(steps.compactMap(\.self)), false)
        }
        // trace [NAME: COUNT x 1500 bytes in MILLISECONDS ms]
        if text.hasPrefix("trace ["), text.hasSuffix(" ms]"), let colon = text.lastIndex(of: ":") {
            let words = text[colon...].dropFirst().split(separator: " ")
            if words.count == 7, let count = LogLine.number(Array(words[0].utf8)), let size = LogLine.number(Array(words[2].utf8)),
                let milliseconds = LogLine.number(Array(words[5].utf8)), milliseconds > 0
            {
                return (.constant(bitsPerSecond: Double(count) * Double(size) * 8 / (Double(milliseconds) / 1000)), true)
            }
        }
        return (nil, false)
    }

    private static func bitsPerSecond(_ text: Substring) -> Double? {
        guard text.hasSuffix(" bit/s"), let number = Double(text.dropLast(6)), number.isFinite else { return nil }
        return number
    }
}

extension StringProtocol {
    fileprivate func dropping(prefix: String) -> SubSequence? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }

    fileprivate func lastStart(of part: String) -> Index? {
        var index = endIndex
        while index > startIndex {
            index = self.index(before: index)
            if self[index...].hasPrefix(part) { return index }
        }
        return nil
    }
}
