/// Contents of a chunk's header: the weights of prediction and of the expected error.
struct PredictionParameters: Equatable {
    /// Weights of all taps, in 2^-``weightBits``.
    var weights: [Int16]
    /// Weights of the taps of one slice, for the first.
    var planarWeights: [Int16]
    /// Weights of the neighbours' errors, in 2^-``errorWeightBits``.
    var errorWeights: [UInt8]
    /// The code that stands beyond the box.
    var rim: UInt16 = 0

    static let weightBits = 12
    static let errorWeightBits = 6
    /// Bytes of a header.
    static let byteCount = 2 * (CausalTaps.count + CausalTaps.planarCount) + CausalTaps.errorCount + 2

    /// Makes parameters that serve where nothing is known.
    init() {
        let third = Int16((1 << Self.weightBits) / 3)
        weights = [Int16](repeating: 0, count: CausalTaps.count)
        planarWeights = [Int16](repeating: 0, count: CausalTaps.planarCount)
        for tap in [0, CausalTaps.serialCount, CausalTaps.planarCount] { weights[tap] = third }
        for tap in [0, CausalTaps.serialCount] { planarWeights[tap] = Int16(1 << (Self.weightBits - 1)) }
        errorWeights = [9, 6, 9, 6, 6, 6, 6, 3, 3, 3, 3, 3]
    }

    init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        let bytes = Array(bytes)
        let numbers = stride(from: 0, to: 2 * (CausalTaps.count + CausalTaps.planarCount), by: 2).map {
            Int16(bitPattern: UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]))
        }
        weights = Array(numbers[..<CausalTaps.count])
        planarWeights = Array(numbers[CausalTaps.count...])
        errorWeights = Array(bytes.dropLast(2).suffix(CausalTaps.errorCount))
        rim = UInt16(bytes[bytes.count - 2]) << 8 | UInt16(bytes[bytes.count - 1])
    }

    var bytes: [UInt8] {
        (weights + planarWeights).flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] } + errorWeights
            + [UInt8(rim >> 8), UInt8(rim & 255)]
    }

    /// The same for a first slice: its neighbours' errors weigh as much as all would.
    var planarErrorWeights: [Int16] {
        let all = errorWeights.map(Int.init)
        let planar = max(1, all[..<CausalTaps.planarErrorCount].reduce(0, +))
        let sum = all.reduce(0, +)
        return all.enumerated().map { $0 < CausalTaps.planarErrorCount ? Int16(min(1023, $1 * sum / planar)) : 0 }
    }
}
