/// Which counters have come: all of the last 65536 are remembered, and older ones count as having come.
struct ReplayWindow: Sendable {
    /// Further apart than any two datagrams that SRT can have on the way at once.
    static let span = 65_536

    /// A ring of bits. One word more than the span takes, so that a word can be cleared whole before its first counter comes.
    private var words = [UInt64](repeating: 0, count: wordCount)
    private static let wordCount = span / 64 + 1
    private var newest = -1

    /// Tells whether a counter may still be accepted.
    func isNew(_ counter: UInt32) -> Bool {
        let counter = Int(counter)
        if counter > newest { return true }
        return newest - counter < Self.span && words[counter / 64 % Self.wordCount] >> UInt64(counter % 64) & 1 == 0
    }

    /// Remembers a counter that is new.
    mutating func insert(_ counter: UInt32) {
        let counter = Int(counter)
        let word = counter / 64
        if counter > newest {
            let newestWord = newest < 0 ? -1 : newest / 64
            // However far it jumps, no more than the whole ring.
            for passed in max(newestWord + 1, word - Self.wordCount + 1)..<(word + 1) { words[passed % Self.wordCount] = 0 }
            newest = counter
        }
        words[word % Self.wordCount] |= 1 << UInt64(counter % 64)
    }
}
