/// The numbering of residuals: the nearest first, to either side in turn, and beyond the nearer end of the range the other side alone.
struct Folding {
    /// True where the smaller of two equally near values is the likelier.
    let isReversed: Bool
    /// Values below the prediction.
    let below: Int32
    /// Values above it.
    let above: Int32

    @inline(__always)
    func fold(_ residual: Int32) -> UInt32 {
        let toward = isReversed ? 0 &- residual : residual
        let magnitude = max(toward, 0 &- toward)
        let common = min(below, above)
        if magnitude > common { return UInt32(bitPattern: magnitude &+ common) }
        return UInt32(bitPattern: toward > 0 ? 2 &* toward &- 1 : -2 &* toward)
    }

    @inline(__always)
    func unfold(_ number: UInt32) -> Int32 {
        let number = Int32(bitPattern: number)
        let common = min(below, above)
        if number > 2 &* common {
            let magnitude = number &- common
            return above > below ? magnitude : 0 &- magnitude
        }
        let magnitude = (number &+ 1) >> 1
        return (number & 1 != 0) == isReversed ? 0 &- magnitude : magnitude
    }
}

/// The numbers that stand for codes, of 16 bits with a sign, and the fractions that predictions have.
struct CodeNumbering {
    let offset: Int32
    let fractionBitCount: Int
    let fractionBits: Int32
    /// From weighted sums to predictions.
    let shift: Int32
    let rounding: Int32
    let half: Int32
    let lowestValue: Int32
    let highestValue: Int32

    init(maxCode: UInt16) {
        offset = maxCode > 32767 ? 32768 : 0
        // So that an error of all the range still fits, nearly.
        fractionBitCount = min(4, maxCode.leadingZeroBitCount)
        fractionBits = Int32(fractionBitCount)
        shift = Int32(PredictionParameters.weightBits) - fractionBits
        rounding = 1 << (shift - 1)
        half = fractionBitCount > 0 ? 1 << (fractionBits - 1) : 0
        lowestValue = -offset
        highestValue = Int32(maxCode) - offset
    }

    /// The values a voxel can have: all, or those within reach of what is known of it.
    @inline(__always)
    func range(around value: Int32, reach: Int32) -> (low: Int32, high: Int32) {
        reach == 65535 ? (lowestValue, highestValue) : (max(lowestValue, value &- reach), min(highestValue, value &+ reach))
    }

    @inline(__always)
    func value(of code: UInt16) -> Int16 { Int16(truncatingIfNeeded: Int32(code) &- offset) }
    @inline(__always)
    func code(of value: Int32) -> UInt16 { UInt16(truncatingIfNeeded: value &+ offset) }
}
