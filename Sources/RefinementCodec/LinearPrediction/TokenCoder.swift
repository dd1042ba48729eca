/// What codes residuals, one way or the other.
protocol TokenCoder: ~Copyable {
    /// Codes a number of at most 17 bits.
    /// - Parameters:
    ///   - number: what to code; a decoder does not look at it.
    ///   - level: of the error expected.
    ///   - noiseBits: low bits that go raw.
    /// - Returns: the number.
    mutating func code(_ number: UInt32, level: Int, noiseBits: Int) -> UInt32
    /// Says that a row is over: runs end here.
    mutating func endRow()
    /// Says that the chunk is over.
    mutating func finish()
}

/// How long runs are, in numbers: short at first, while there is most to learn.
struct RunLength {
    private(set) var limit = 1024
    private static let longest = 16384
    mutating func grow() { limit = min(Self.longest, limit * 2) }
}

/// The state of asymmetric numeral systems.
enum Numeral {
    static let lowest: UInt32 = 1 << 16
}

/// Collects numbers, and codes a run of them backwards once it is whole.
struct TokenEncoder: TokenCoder, ~Copyable {
    private(set) var bytes: [UInt8] = []
    private var tables = TokenTables(decodes: false)
    private var runLength = RunLength()
    private var ranges: [UInt32] = []
    private var raw = RawBitWriter()

    init(capacity: Int) {
        bytes.reserveCapacity(capacity)
        ranges.reserveCapacity(1 << 16)
    }

    @inline(__always)
    mutating func code(_ number: UInt32, level: Int, noiseBits: Int) -> UInt32 {
        let (token, rawBits) = TokenAlphabet.token(of: number >> UInt32(noiseBits))
        var range = tables.range(token, level: level)
        if range & 0xffff == 0 {
            range = tables.range(TokenAlphabet.escape, level: level)
            raw.put(UInt32(token), count: TokenAlphabet.rawTokenBits)
        }
        ranges.append(range)
        tables.count(token, level: level)
        raw.put(number & (1 << UInt32(rawBits + noiseBits) - 1), count: rawBits + noiseBits)
        return number
    }

    mutating func endRow() { if ranges.count >= runLength.limit { finish() } }

    mutating func finish() {
        guard !ranges.isEmpty else { return }
        var words: [UInt16] = []
        words.reserveCapacity(ranges.count)
        var states = (Numeral.lowest, Numeral.lowest)
        ranges.withUnsafeBufferPointer { ranges in
            for index in ranges.indices.reversed() {
                let share = ranges[index] & 0xffff
                let start = ranges[index] >> 16
                var state = index & 1 == 0 ? states.0 : states.1
                if state >> (32 - UInt32(TokenTables.shareBits)) >= share {
                    words.append(UInt16(truncatingIfNeeded: state))
                    state >>= 16
                }
                let (quotient, remainder) = state.quotientAndRemainder(dividingBy: share)
                state = quotient << UInt32(TokenTables.shareBits) &+ remainder &+ start
                if index & 1 == 0 { states.0 = state } else { states.1 = state }
            }
        }
        raw.flush()
        append(length: 8 + 2 * words.count)
        append(length: raw.bytes.count)
        for state in [states.0, states.1] { withUnsafeBytes(of: state.bigEndian) { bytes.append(contentsOf: $0) } }
        for word in words.reversed() {
            bytes.append(UInt8(truncatingIfNeeded: word >> 8))
            bytes.append(UInt8(truncatingIfNeeded: word))
        }
        bytes += raw.bytes
        raw.clear()
        ranges.removeAll(keepingCapacity: true)
        tables.learn()
        runLength.grow()
    }

    /// Seven bits a byte, the lowest first.
    private mutating func append(length: Int) {
        var left = length
        while left >= 128 {
            bytes.append(UInt8(left & 127 | 128))
            left >>= 7
        }
        bytes.append(UInt8(left))
    }
}

/// Gives back what a ``TokenEncoder`` coded; of other bytes anything, but never more than was asked for.
struct TokenDecoder: TokenCoder, ~Copyable {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position: Int
    private var tables = TokenTables(decodes: true)
    private var runLength = RunLength()
    private var count = 0
    private var states = (Numeral.lowest, Numeral.lowest)
    private var next = 0
    private var end = 0
    private var raw: RawBitReader

    init(_ bytes: UnsafeBufferPointer<UInt8>, from position: Int) {
        self.bytes = bytes
        self.position = position
        raw = RawBitReader(bytes, 0..<0)
    }

    @inline(__always)
    mutating func code(_ number: UInt32, level: Int, noiseBits: Int) -> UInt32 {
        if count == 0 { begin() }
        let isEven = count & 1 == 0
        count &+= 1
        var state = isEven ? states.0 : states.1
        let place = Int(state & (1 << UInt32(TokenTables.shareBits) - 1))
        let symbol = tables.symbol(at: place, level: level)
        let range = tables.range(symbol, level: level)
        state = (range & 0xffff) &* (state >> UInt32(TokenTables.shareBits)) &+ UInt32(place) &- range >> 16
        if state < Numeral.lowest {
            state = state << 16 | word()
        }
        if isEven { states.0 = state } else { states.1 = state }
        var token = symbol
        if token == TokenAlphabet.escape {
            token = min(TokenAlphabet.count - 1, Int(raw.take(TokenAlphabet.rawTokenBits)))
        }
        tables.count(token, level: level)
        let (least, rawBits) = TokenAlphabet.number(of: token)
        let bits = rawBits + noiseBits
        return bits == 0 ? least : least << UInt32(noiseBits) | raw.take(bits)
    }

    @inline(__always)
    private mutating func word() -> UInt32 {
        guard next + 1 < end else { return 0 }
        defer { next += 2 }
        return UInt32(bytes[next]) << 8 | UInt32(bytes[next + 1])
    }

    private mutating func begin() {
        let length = takeLength()
        let rawLength = takeLength()
        next = position
        end = min(bytes.count, position + length)
        states.0 = word() << 16 | word()
        states.1 = word() << 16 | word()
        let rawEnd = min(bytes.count, end + rawLength)
        raw = RawBitReader(bytes, end..<rawEnd)
        position = rawEnd
    }

    private mutating func takeLength() -> Int {
        var length = 0
        var shift = 0
        while position < bytes.count, shift < 35 {
            let byte = bytes[position]
            position += 1
            length |= Int(byte & 127) << shift
            shift += 7
            if byte < 128 { break }
        }
        return length
    }

    mutating func endRow() { if count >= runLength.limit { finish() } }

    mutating func finish() {
        guard count > 0 else { return }
        count = 0
        tables.learn()
        runLength.grow()
    }
}
