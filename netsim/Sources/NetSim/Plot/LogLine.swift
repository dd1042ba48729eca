/// One event line of a ``LinkLog``, read back strictly: what the log would not write is refused.
enum LogLine {
    /// The longest line accepted, its end not counted.
    static let maximumByteCount = 200
    /// The latest time accepted: longer than any run, and far from overflowing when times are added.
    private static let maximumMilliseconds: Int64 = 1_000_000_000_000

    /// - Returns: `nil` for anything but one event.
    static func event(_ line: some Collection<UInt8>) -> LinkEvent? {
        guard line.count <= maximumByteCount else { return nil }
        // Two spaces in a row, or one at an end, leave an empty word, which no column may be.
        var words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { Array($0) }[...]
        guard let time = words.popFirst().flatMap(time), let mark = words.popFirst(), mark.count == 1 else { return nil }
        let isDrop = mark[0] == UInt8(ascii: "d")
        if isDrop {
            guard words.popFirst().flatMap(number) == 1 else { return nil }
        }
        guard let byteCount = words.popFirst().flatMap(number), byteCount > 0 else { return nil }
        var kind = LinkEvent.Kind.arrival
        switch mark[0] {
        case UInt8(ascii: "+"): break
        case UInt8(ascii: "-"):
            guard let delay = words.popFirst().flatMap(LogLine.time) else { return nil }
            kind = .departure(delay: delay)
        case UInt8(ascii: "d"): break
        default: return nil
        }
        guard let heading = words.popFirst().flatMap({ Heading(rawValue: String(decoding: $0, as: UTF8.self)) }),
            let client = words.popFirst().flatMap(number)
        else { return nil }
        if isDrop {
            guard let word = words.popFirst(), let cause = LinkEvent.DropCause(rawValue: String(decoding: word, as: UTF8.self))
            else { return nil }
            kind = .drop(cause)
        }
        var marks: PacketMarks = []
        for (word, mark) in [("duplicate", PacketMarks.duplicate), ("corrupt", .corrupt)] where words.first == Array(word.utf8) {
            words.removeFirst()
            marks.insert(mark)
        }
        guard words.isEmpty else { return nil }
        return LinkEvent(time: time, kind: kind, byteCount: byteCount, heading: heading, client: client, marks: marks)
    }

    /// Milliseconds with exactly three digits behind the point, not negative.
    static func time(_ word: [UInt8]) -> Duration? {
        guard word.count >= 5, word[word.count - 4] == UInt8(ascii: ".") else { return nil }
        guard let whole = number(Array(word.dropLast(4))), let fraction = number(Array(word.suffix(3))),
            whole <= maximumMilliseconds
        else { return nil }
        return .milliseconds(whole) + .microseconds(fraction)
    }

    /// A whole number of at most 15 digits and no sign, which fits whatever is done with it.
    static func number(_ word: [UInt8]) -> Int? {
        guard !word.isEmpty, word.count <= 15 else { return nil }
        var value = 0
        for byte in word {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }
}
