/// Conversion of a residual to a token and raw bits: small numbers have a token each, larger ones one for each eighth of an octave.
enum TokenAlphabet {
    /// Numbers with a token of their own.
    static let directCount = 16
    /// Tokens; the largest number has 17 bits.
    static let count = directCount + 8 * 13
    /// Symbol that stands for a token too rare to have a share of its own; the token follows in ``rawTokenBits`` raw bits.
    static let escape = count
    /// Tokens and the escape.
    static let symbolCount = count + 1
    static let rawTokenBits = 7

    /// Errors expected: four levels an octave.
    static let levelCount = 64

    /// Low bits of a residual that are noise where such errors are expected.
    @inline(__always)
    static func noiseBits(level: Int, fractionBits: Int) -> Int { max(0, level >> 2 &- fractionBits) }

    /// A number's token and how many of its low bits follow raw.
    @inline(__always)
    static func token(of number: UInt32) -> (token: Int, rawBits: Int) {
        guard number >= directCount else { return (Int(number), 0) }
        let exponent = 31 &- number.leadingZeroBitCount
        return (directCount &+ (exponent &- 4) << 3 &+ Int((number &>> UInt32(exponent &- 3)) & 7), exponent &- 3)
    }

    /// The least number of a token, and how many of its low bits follow raw.
    @inline(__always)
    static func number(of token: Int) -> (number: UInt32, rawBits: Int) {
        guard token >= directCount else { return (UInt32(token), 0) }
        let octave = (token &- directCount) >> 3
        return (
            (8 &+ UInt32(truncatingIfNeeded: (token &- directCount) & 7)) &<< UInt32(truncatingIfNeeded: octave &+ 1), octave &+ 1
        )
    }

    /// The level of an expected error, in 64ths of ``ErrorUnit``: 0 for none.
    @inline(__always)
    static func level(ofExpected error: Int32) -> Int {
        let raised = UInt32(bitPattern: error) &+ 16
        let exponent = 27 &- raised.leadingZeroBitCount
        return min(levelCount - 1, exponent << 2 | Int((raised &>> UInt32(truncatingIfNeeded: exponent &+ 2)) & 3))
    }
}
