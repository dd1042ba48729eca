/// The logistic function and its inverse in whole numbers: what mixing of probabilities works in (logistic mixing as in PAQ, by Mahoney).
///
/// Logits are in 256ths, from -3072 to 3071 (12 natural units either way); probabilities in 65536ths.
enum Logistic {
    static let limit: Int32 = 3072

    /// 65536 / (1 + exp(-x)) at every half from -12 to 12, kept within 1 to 65535.
    private static let knots: [Int32] = [
        1, 1, 1, 2, 3, 5, 8, 13, 22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743, 32768,
        40793, 47911,
        53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514, 65523, 65528, 65531,
        65533, 65534,
        65535, 65535, 65535,
    ]

    /// Probabilities of logits, by linear interpolation; index is the logit plus ``limit``.
    static let squash: [UInt16] = (0..<6144).map { index in
        let knot = index >> 7
        let part = Int32(index & 127)
        return UInt16((knots[knot] * (128 - part) + knots[knot + 1] * part + 64) >> 7)
    }

    /// Logits of probabilities; index is the probability over 16.
    static let stretch: [Int16] = {
        var table: [Int16] = []
        var logit = 0
        for index in 0..<4096 {
            while logit < 6143, Int(squash[logit]) < index * 16 + 8 { logit += 1 }
            table.append(Int16(logit - 3072))
        }
        return table
    }()

    /// 65536 / (n + 1.5): how far a probability that has seen n bits moves towards the next.
    static let rates: [Int32] = (0..<1024).map { Int32(131072 / (2 * $0 + 3)) }

    /// 2^20 / (1 + exp(x)), never 0, for x from -12 to 12 in 256ths: what lies beyond x of a logistic distribution. Index is x plus ``limit``.
    static let survival: [UInt32] = {
        // exp(1/256) and its powers in 2^40ths.
        let factor: UInt64 = 1_103_814_994_613
        var power: UInt64 = 1 << 40
        var upper: [UInt32] = []
        for _ in 0...limit {
            upper.append(UInt32(((1 << 60) / ((power >> 20) + (1 << 20))) >> 20))
            let (high, low) = power.multipliedFullWidth(by: factor)
            power = high << 24 | low >> 40
        }
        return upper.dropFirst().reversed().map { (1 << 20) - $0 } + upper
    }()
}
