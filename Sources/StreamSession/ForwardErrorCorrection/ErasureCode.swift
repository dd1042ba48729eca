/// Makes up for datagrams that are lost: from any `dataCount` of data and parity shards all data shards come back.
///
/// A systematic Reed-Solomon code over GF(2^8), as in L. Rizzo, "Effective erasure codes for reliable computer communication
/// protocols", 1997: data shards go as they are, so that without loss nothing has to be decoded. Parity comes from a Cauchy
/// matrix, after J. Blömer et al., "An XOR-based erasure-resilient coding scheme", 1995: each of its square parts can be
/// inverted, so no pattern of losses is worse than another.
///
/// A shard's true length is not kept: who takes shards of different lengths puts the lengths where they come back with the bytes.
package struct ErasureCode: Sendable {
    /// No datagram is longer; what is asked for beyond this is refused before memory is taken for it.
    package static let byteLimit = 65_535
    /// Shards of both kinds: each has a field element of its own, and one element stays unused.
    package static let shardLimit = 255

    package let dataCount: Int
    package let parityCount: Int

    /// Nil unless there are one data shard or more and at most ``shardLimit`` shards in all.
    package init?(dataCount: Int, parityCount: Int) {
        guard dataCount >= 1, dataCount <= Self.shardLimit, parityCount >= 0, parityCount <= Self.shardLimit - dataCount else {
            return nil
        }
        self.dataCount = dataCount
        self.parityCount = parityCount
    }

    /// One parity shard of all data shards. Shorter shards count as if zeros came after them.
    /// - Parameters:
    ///   - index: which, below `parityCount`.
    ///   - byteCount: of the parity shard, at least that of the longest data shard, at most ``byteLimit``.
    /// - Returns: nothing where index, number of shards or lengths do not fit.
    package func parity(_ index: Int, of shards: [ArraySlice<UInt8>], byteCount: Int) -> [UInt8] {
        guard index >= 0, index < parityCount, shards.count == dataCount, byteCount >= 0, byteCount <= Self.byteLimit,
            shards.allSatisfy({ $0.count <= byteCount })
        else { return [] }
        var sum = [UInt8](repeating: 0, count: byteCount)
        for (column, shard) in shards.enumerated() {
            BinaryField.add(shard, times: Self.coefficient(parity: index, data: column), to: &sum)
        }
        return sum
    }

    /// All data shards, those that are missing found from parity. Each has `byteCount` bytes; zeros come after shorter ones.
    /// - Parameters:
    ///   - shards: nil where one is missing.
    ///   - parity: nil where one is missing; the others have `byteCount` bytes.
    /// - Returns: nil where fewer shards than `dataCount` are there, or numbers or lengths do not fit.
    package func recover(_ shards: [ArraySlice<UInt8>?], parity: [[UInt8]?], byteCount: Int) -> [[UInt8]]? {
        guard shards.count == dataCount, parity.count == parityCount, byteCount >= 0, byteCount <= Self.byteLimit,
            shards.allSatisfy({ ($0?.count ?? 0) <= byteCount }), parity.allSatisfy({ ($0?.count ?? byteCount) == byteCount })
        else { return nil }
        let missing = shards.indices.filter { shards[$0] == nil }
        // One equation for each unknown; any will do.
        let used = parity.indices.filter { parity[$0] != nil }.prefix(missing.count)
        guard used.count == missing.count else { return nil }
        let matrix = used.map { row in missing.map { Self.coefficient(parity: row, data: $0) } }
        guard let inverse = BinaryField.inverse(matrix) else { return nil }

        // What the missing shards alone have brought into parity; to subtract is to add.
        let remainders = used.map { row in
            var remainder = parity[row] ?? []
            for (column, shard) in shards.enumerated() {
                guard let shard else { continue }
                BinaryField.add(shard, times: Self.coefficient(parity: row, data: column), to: &remainder)
            }
            return remainder
        }
        var data = shards.map { shard in
            [UInt8](shard ?? []) + repeatElement(0, count: byteCount - (shard?.count ?? 0))
        }
        for (column, factors) in zip(missing, inverse) {
            for (factor, remainder) in zip(factors, remainders) {
                BinaryField.add(remainder[...], times: factor, to: &data[column])
            }
        }
        return data
    }

    /// Cauchy's 1 / (x + y). Data shards take their elements from below and parity shards from above, so that no two are the same
    /// and none depends on how many shards there are.
    private static func coefficient(parity: Int, data: Int) -> UInt8 {
        BinaryField.reciprocal(UInt8(truncatingIfNeeded: data ^ (shardLimit - parity)))
    }
}

/// GF(2^8), polynomials over bits modulo x^8 + x^4 + x^3 + x^2 + 1. To add is to exclusive-or.
private enum BinaryField {
    private static let polynomial = 0x11d

    /// Powers of x, twice over, so that sums of two logarithms need no modulus.
    private static let powers: [UInt8] = {
        var powers: [UInt8] = []
        var power = 1
        for _ in 0..<510 {
            powers.append(UInt8(truncatingIfNeeded: power))
            power <<= 1
            if power > 255 { power ^= polynomial }
        }
        return powers
    }()

    /// Zero has no logarithm; what stands at its place means nothing.
    private static let logarithms: [Int] = {
        var logarithms = [Int](repeating: 0, count: 256)
        for exponent in 0..<255 { logarithms[Int(powers[exponent])] = exponent }
        return logarithms
    }()

    /// All products, 256 of each factor after those of the one before: a row of them stays in the nearest cache.
    private static let products: [UInt8] = {
        var products = [UInt8](repeating: 0, count: 256 * 256)
        for a in 1..<256 {
            for b in 1..<256 { products[a << 8 | b] = powers[logarithms[a] + logarithms[b]] }
        }
        return products
    }()

    /// Zero for zero.
    static func reciprocal(_ element: UInt8) -> UInt8 { element == 0 ? 0 : powers[255 - logarithms[Int(element)]] }

    /// Adds the multiple of a source to a target, as far as both go.
    static func add(_ source: ArraySlice<UInt8>, times factor: UInt8, to target: inout [UInt8]) {
        products.withUnsafeBufferPointer { products in
            source.withUnsafeBufferPointer { source in
                target.withUnsafeMutableBufferPointer { target in
                    let row = UnsafeBufferPointer(rebasing: products[Int(factor) << 8..<(Int(factor) + 1) << 8])
                    for index in 0..<min(source.count, target.count) { target[index] ^= row[Int(source[index])] }
                }
            }
        }
    }

    /// By Gauss and Jordan, in place, without a search for pivots: in a part of a Cauchy matrix none is zero.
    /// - Parameter matrix: square, row by row.
    /// - Returns: nil where a pivot is zero.
    static func inverse(_ matrix: [[UInt8]]) -> [[UInt8]]? {
        var rows = matrix
        for pivot in rows.indices {
            let factor = reciprocal(rows[pivot][pivot])
            guard factor != 0 else { return nil }
            rows[pivot][pivot] = 1
            var row = [UInt8](repeating: 0, count: rows.count)
            add(rows[pivot][...], times: factor, to: &row)
            rows[pivot] = row
            for other in rows.indices where other != pivot {
                let factor = rows[other][pivot]
                rows[other][pivot] = 0
                add(row[...], times: factor, to: &rows[other])
            }
        }
        return rows
    }
}
