internal import CLinearRows

/// An encoder or a decoder of residuals.
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

/// Length of runs, in numbers: short at first, while there is most to learn.
struct RunLength {
    private(set) var limit = 1024
    /// The longest that a run may be before the row in which it ends.
    static let longest = 16384
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
    /// The run's tokens, as their shares.
    private let ranges: UnsafeMutablePointer<UInt32>
    private let capacity: Int
    private var count = 0
    private var raw: RawBitWriter

    /// - Parameters:
    ///   - columns: the most numbers of a row.
    ///   - byteCount: about as many as there will be.
    init(columns: Int, byteCount: Int) {
        bytes.reserveCapacity(byteCount)
        capacity = RunLength.longest + columns
        ranges = .allocate(capacity: capacity)
        raw = RawBitWriter(numbers: capacity)
    }

    deinit { ranges.deallocate() }

    /// Codes a row whose predictions are known.
    mutating func encode(
        _ row: linear_row, _ places: linear_places, exact: UnsafePointer<UInt16>, _ residuals: borrowing CorrectedResiduals
    ) {
        precondition(count + places.count <= capacity, "a row longer than it was said to be")
        var model = residuals.kernelModel
        tables.lend(to: &model)
        var writer = linear_writer(
            shares: ranges, count: count, raw: raw.bytes, raw_count: raw.byteCount, pending: raw.pending,
            pending_count: UInt32(truncatingIfNeeded: raw.count))
        withUnsafePointer(to: row) { row in
            withUnsafePointer(to: places) { linear_encode_row(&model, &writer, row, $0, exact) }
        }
        count = writer.count
        raw.byteCount = writer.raw_count
        raw.pending = writer.pending
        raw.count = UInt64(writer.pending_count)
        tables.changed = model.changed
    }

    @inline(__always)
    mutating func code(_ number: UInt32, level: Int, noiseBits: Int) -> UInt32 {
        let (token, rawBits) = TokenAlphabet.token(of: number &>> UInt32(truncatingIfNeeded: noiseBits))
        var range = tables.range(token, level: level)
        if range & 0xffff == 0 {
            range = tables.range(TokenAlphabet.escape, level: level)
            raw.put(UInt32(token), count: TokenAlphabet.rawTokenBits)
        }
        precondition(count < capacity, "a row longer than it was said to be")
        ranges[count] = range
        count &+= 1
        tables.count(token, level: level)
        let bits = rawBits &+ noiseBits
        raw.put(number & (1 &<< UInt32(truncatingIfNeeded: bits) &- 1), count: bits)
        return number
    }

    mutating func endRow() { if count >= runLength.limit { finish() } }

    mutating func finish() {
        guard count > 0 else { return }
        let words = numerals()
        let rawBytes = raw.takeBytes()
        append(length: words.count)
        append(length: rawBytes.count)
        bytes += words
        bytes += rawBytes
        count = 0
        tables.learn()
        runLength.grow()
    }

    /// The run's tokens by asymmetric numeral systems: the last states, then the words in the order in which a decoder takes them.
    private func numerals() -> ArraySlice<UInt8> {
        let end = 2 * count + 8
        var place = end
        let result = [UInt8](unsafeUninitializedCapacity: end) { bytes, filled in
            func put(_ word: UInt16) {
                place -= 2
                bytes[place] = UInt8(truncatingIfNeeded: word >> 8)
                bytes[place + 1] = UInt8(truncatingIfNeeded: word)
            }
            var states = (Numeral.lowest, Numeral.lowest)
            for index in (0..<count).reversed() {
                let share = ranges[index] & 0xffff
                let start = ranges[index] >> 16
                var state = index & 1 == 0 ? states.0 : states.1
                if state &>> (32 - UInt32(TokenTables.shareBits)) >= share {
                    put(UInt16(truncatingIfNeeded: state))
                    state >>= 16
                }
                let (quotient, remainder) = state.quotientAndRemainder(dividingBy: share)
                state = quotient &<< UInt32(TokenTables.shareBits) &+ remainder &+ start
                if index & 1 == 0 { states.0 = state } else { states.1 = state }
            }
            for state in [states.1, states.0] {
                put(UInt16(truncatingIfNeeded: state))
                put(UInt16(truncatingIfNeeded: state >> 16))
            }
            bytes[..<place].initialize(repeating: 0)
            filled = end
        }
        return result[place...]
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
    private var isInRun = false
    private var states = (Numeral.lowest, Numeral.lowest)
    private var next = 0
    private var end = 0
    private var raw: RawBitReader

    init(_ bytes: UnsafeBufferPointer<UInt8>, from position: Int) {
        self.bytes = bytes
        self.position = position
        raw = RawBitReader(bytes, 0..<0)
    }

    /// Decodes a row; `row.sums` and `row.error_sums` are overwritten.
    mutating func decode(_ row: linear_row, into output: UnsafeMutablePointer<UInt16>, _ residuals: borrowing CorrectedResiduals) {
        guard let start = bytes.baseAddress, let symbols = tables.symbols else { return }
        if !isInRun { begin() }
        var model = residuals.kernelModel
        tables.lend(to: &model)
        var reader = linear_reader(
            bytes: start, next: next, end: end, raw_next: raw.next, raw_end: raw.end, pending: raw.pending,
            pending_count: UInt32(truncatingIfNeeded: raw.count), states: states, symbols: symbols, count: count)
        withUnsafePointer(to: row) { linear_decode_row(&model, &reader, $0, output) }
        (next, states, count) = (reader.next, reader.states, reader.count)
        raw.next = reader.raw_next
        raw.pending = reader.pending
        raw.count = UInt64(reader.pending_count)
        tables.changed = model.changed
    }

    @inline(__always)
    mutating func code(_ number: UInt32, level: Int, noiseBits: Int) -> UInt32 {
        if !isInRun { begin() }
        count &+= 1
        // Two states take turns, so that one is worked out while the other waits.
        var state = states.0
        let place = Int(state & (1 &<< UInt32(TokenTables.shareBits) &- 1))
        let symbol = tables.symbol(at: place, level: level)
        let range = tables.range(symbol, level: level)
        state = (range & 0xffff) &* (state &>> UInt32(TokenTables.shareBits)) &+ UInt32(truncatingIfNeeded: place) &- range >> 16
        if state < Numeral.lowest {
            state = state << 16 | word()
        }
        states = (states.1, state)
        var token = symbol
        if token == TokenAlphabet.escape {
            token = min(TokenAlphabet.count - 1, Int(raw.take(TokenAlphabet.rawTokenBits)))
        }
        tables.count(token, level: level)
        let (least, rawBits) = TokenAlphabet.number(of: token)
        let bits = rawBits &+ noiseBits
        return bits == 0 ? least : least &<< UInt32(truncatingIfNeeded: noiseBits) | raw.take(bits)
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
        isInRun = true
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
        isInRun = false
        tables.learn()
        runLength.grow()
    }
}
