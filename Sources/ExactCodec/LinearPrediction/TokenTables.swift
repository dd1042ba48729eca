internal import CLinearRows

/// Probability of each token at each level of expected error: learned from what has been coded, the same at both ends.
///
/// Shares change between runs alone, so that a run can be coded backwards by asymmetric numeral systems (J. Duda, arXiv 1311.2540).
struct TokenTables: ~Copyable {
    /// Shares of a level add up to 2 to this.
    static let shareBits = 12
    private static let rowLength = 128
    private static let increment: UInt32 = 32
    /// A level's counts are halved beyond it, so that what is coded now says more than what was.
    private static let countLimit: UInt32 = 8192 * increment

    private let counts: UnsafeMutablePointer<UInt32>
    /// Share in the low half, where it begins in the high half, a row of symbols a level.
    private let ranges: UnsafeMutablePointer<UInt32>
    /// The symbol at every place of a level's shares; only decoders need it.
    let symbols: UnsafeMutablePointer<UInt8>?
    var changed: UInt64 = 0

    init(decodes: Bool) {
        let rows = TokenAlphabet.levelCount
        counts = .allocate(capacity: rows * Self.rowLength)
        counts.initialize(repeating: 0, count: rows * Self.rowLength)
        ranges = .allocate(capacity: rows * Self.rowLength)
        ranges.initialize(repeating: 0, count: rows * Self.rowLength)
        symbols = decodes ? .allocate(capacity: rows << Self.shareBits) : nil
        symbols?.initialize(repeating: 0, count: rows << Self.shareBits)
        for level in 0..<rows {
            for (token, count) in Self.prior[level].enumerated() {
                counts[level * Self.rowLength + token] = count
            }
            rebuild(level, sum(level))
        }
    }

    deinit {
        counts.deallocate()
        ranges.deallocate()
        symbols?.deallocate()
    }

    /// Counts to begin with, before anything has been seen: numbers fall off geometrically, about a level's mean.
    private static let prior: [[UInt32]] = (0..<TokenAlphabet.levelCount).map { level in
        // In 1024ths: the quarter octaves between 1 and 2, halved, by .8, with a little for what a level does not know.
        let octave = min(level >> 2, 4)
        let mean = UInt64([410, 487, 579, 689][level & 3] << octave + 300)
        let ratio = (mean << 32) / (mean + 1024)
        func power(_ exponent: Int) -> UInt64 {
            var result: UInt64 = 1 << 32
            var base = ratio
            var left = exponent
            while left > 0 {
                if left & 1 == 1 { result = result * base >> 32 }
                base = base * base >> 32
                left >>= 1
            }
            return result
        }
        var above: UInt64 = 1 << 32
        return (0..<TokenAlphabet.count).map { token in
            let next = token + 1 < TokenAlphabet.count ? power(min(1 << 14, Int(TokenAlphabet.number(of: token + 1).number))) : 0
            defer { above = next }
            return UInt32((above - min(above, next)) * 24 * UInt64(increment) >> 32)
        }
    }

    /// A token's share and where it begins.
    @inline(__always)
    func range(_ symbol: Int, level: Int) -> UInt32 { ranges[level &* Self.rowLength &+ symbol] }

    /// The symbol at a place of a level's shares.
    @inline(__always)
    func symbol(at place: Int, level: Int) -> Int { symbols.map { Int($0[level << Self.shareBits &+ place]) } ?? 0 }

    @inline(__always)
    mutating func count(_ token: Int, level: Int) {
        counts[level &* Self.rowLength &+ token] &+= Self.increment
        changed |= 1 &<< UInt64(truncatingIfNeeded: level)
    }

    /// Gives the inner loops its memory; they say in `changed` which levels they counted.
    func lend(to model: inout linear_model) {
        model.counts = counts
        model.ranges = UnsafePointer(ranges)
        model.changed = changed
    }

    /// Brings the shares up to what has been counted.
    mutating func learn() {
        for level in 0..<TokenAlphabet.levelCount where changed & 1 << UInt64(level) != 0 {
            var whole = sum(level)
            while whole > Self.countLimit {
                let row = counts + level * Self.rowLength
                for token in 0..<TokenAlphabet.count { row[token] >>= 1 }
                whole = sum(level)
            }
            rebuild(level, whole)
        }
        changed = 0
    }

    private func sum(_ level: Int) -> UInt32 {
        UnsafeBufferPointer(start: counts + level * Self.rowLength, count: TokenAlphabet.count).reduce(0, &+)
    }

    private func rebuild(_ level: Int, _ whole: UInt32) {
        let row = counts + level * Self.rowLength
        let range = ranges + level * Self.rowLength
        let sum = UInt64(max(1, whole))
        var left = 1 << Self.shareBits
        var escaped: UInt64 = 0
        var largest = 0
        for token in 0..<TokenAlphabet.count {
            let share = UInt32((UInt64(row[token]) << UInt64(Self.shareBits) + sum / 2) / sum)
            if share == 0 { escaped += UInt64(row[token]) }
            range[token] = share
            left -= Int(share)
            if share > range[largest] { largest = token }
        }
        let escape = UInt32(max(1, escaped << UInt64(Self.shareBits) / sum))
        range[TokenAlphabet.escape] = escape
        left -= Int(escape)
        // Rounding leaves a little, which the largest share takes or gives; where that is not enough, the next largest do.
        while left < 0, let most = (0..<TokenAlphabet.count).max(by: { range[$0] < range[$1] }) {
            let given = min(Int(range[most]) - 1, -left)
            guard given > 0 else { break }
            range[most] -= UInt32(given)
            left += given
        }
        if left > 0 { range[range[largest] > 0 ? largest : TokenAlphabet.escape] += UInt32(left) }
        var start: UInt32 = 0
        for symbol in 0..<TokenAlphabet.symbolCount {
            let share = range[symbol]
            if let symbols, share > 0 {
                (symbols + (level << Self.shareBits + Int(start))).update(repeating: UInt8(symbol), count: Int(share))
            }
            range[symbol] = share | start << 16
            start += share
        }
    }
}
