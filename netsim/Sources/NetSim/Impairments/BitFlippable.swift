/// A payload of which a link can flip a bit.
public protocol BitFlippable: Sendable {
    /// Flips one of the payload's bits, all of them equally likely; does nothing to a payload that has none.
    ///
    /// - Parameter draw: 64 random bits that say which.
    mutating func flipBit(_ draw: UInt64)
}

extension Array: BitFlippable where Element == UInt8 {
    /// Flips the bit at `draw` of `count * 8` parts of all draws.
    public mutating func flipBit(_ draw: UInt64) {
        let bit = Int(draw.multipliedFullWidth(by: UInt64(count) * 8).high)
        guard bit < count * 8 else { return }
        self[bit / 8] ^= 1 << UInt8(bit % 8)
    }
}
