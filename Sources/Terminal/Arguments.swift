/// A number of bytes as people write it: `1073741824`, `1G`, `512 MiB`, `1.5GB`.
package struct ByteCount: Sendable, Equatable {
    /// Bytes.
    package let value: Int

    /// The forms that ``init(_:)`` takes, for a person.
    package static let form = "bytes, or a number with K, M, G or T (times 1024) or kB, MB, GB or TB (times 1000), for example 1G"

    /// Reads a number of bytes; nil when it is none, is negative, or is 2^63 and more.
    package init?(_ text: String) {
        let trimmed = text.filter { $0 != " " }
        let end = trimmed.firstIndex { !("0"..."9" ~= $0 || $0 == ".") } ?? trimmed.endIndex
        let number = trimmed[..<end]
        guard let factor = Self.factor(trimmed[end...].lowercased()) else { return nil }
        if let whole = Int(number) {
            let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
            guard !overflow else { return nil }
            value = product
        } else {
            guard let parts = Double(number), parts.isFinite, parts >= 0, parts * Double(factor) < 9e18 else { return nil }
            value = Int(parts * Double(factor))
        }
    }

    private static func factor(_ unit: String) -> Int? {
        switch unit {
        case "", "b": 1
        case "k", "kib": 1 << 10
        case "m", "mib": 1 << 20
        case "g", "gib": 1 << 30
        case "t", "tib": 1 << 40
        case "kb": 1000
        case "mb": 1_000_000
        case "gb": 1_000_000_000
        case "tb": 1_000_000_000_000
        default: nil
        }
    }
}

/// Finds what somebody may have meant.
package enum Suggestion {
    /// The word that is most like another one: by no more than a third of its letters wrong, missing, too many or changed over; nil
    /// where there is none.
    package static func nearest(to text: String, among words: [String]) -> String? {
        let distances = words.map { ($0, distance(text.lowercased(), $0.lowercased())) }
        guard let best = distances.min(by: { $0.1 < $1.1 }), best.1 <= max(1, (text.count + 1) / 3) else { return nil }
        return best.0
    }

    /// Damerau's and Levenshtein's distance, neighbours changed over counting as one (optimal string alignment).
    static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a), Array(b))
        var rows = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var least = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
