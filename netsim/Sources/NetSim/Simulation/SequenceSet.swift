/// A set of sequence numbers kept as ranges, since what a link loses in an outage is one long run.
struct SequenceSet: Sendable, Equatable {
    /// Ascending, with at least one absent number between neighbours.
    private(set) var ranges: [ClosedRange<Int>] = []

    var isEmpty: Bool { ranges.isEmpty }

    var first: Int? { ranges.first?.lowerBound }

    mutating func insert(_ added: ClosedRange<Int>) {
        // The common case by far: a gap behind all others.
        guard let last = ranges.last, added.lowerBound <= last.upperBound + 1 else {
            ranges.append(added)
            return
        }
        let start = firstIndex { $0.upperBound + 1 >= added.lowerBound }
        let end = firstIndex { $0.lowerBound > added.upperBound + 1 }
        var merged = added
        for range in ranges[start..<end] {
            merged = min(merged.lowerBound, range.lowerBound)...max(merged.upperBound, range.upperBound)
        }
        ranges.replaceSubrange(start..<end, with: [merged])
    }

    /// Removes one number.
    ///
    /// - Returns: Whether it was there.
    @discardableResult
    mutating func remove(_ number: Int) -> Bool {
        let index = firstIndex { $0.upperBound >= number }
        guard index < ranges.count, ranges[index].contains(number) else { return false }
        let range = ranges[index]
        var rest: [ClosedRange<Int>] = []
        if range.lowerBound < number { rest.append(range.lowerBound...(number - 1)) }
        if number < range.upperBound { rest.append((number + 1)...range.upperBound) }
        ranges.replaceSubrange(index...index, with: rest)
        return true
    }

    mutating func removeAll(below bound: Int) {
        ranges.removeSubrange(0..<firstIndex { $0.upperBound >= bound })
        if let range = ranges.first, range.lowerBound < bound { ranges[0] = bound...range.upperBound }
    }

    mutating func popFirst() -> Int? {
        guard let range = ranges.first else { return nil }
        if range.count == 1 {
            ranges.removeFirst()
        } else {
            ranges[0] = (range.lowerBound + 1)...range.upperBound
        }
        return range.lowerBound
    }

    /// The first range for which `condition` holds, given that it holds for all behind it.
    private func firstIndex(where condition: (ClosedRange<Int>) -> Bool) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if condition(ranges[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
