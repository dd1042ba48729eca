public import Faults

/// Exact codes as they are, their two bytes in planes by Zstandard: for what no model helps, and in place of a coder that was found to err.
public struct StoredCoder: ExactCoder {
    public let identifier: UInt8 = 4
    public let usesBase = false
    private static let byteCount = 2

    /// Makes the coder.
    public init() {}

    public func encode(_ exact: [UInt16], given context: ExactContext) throws(ExactCodecError) -> [UInt8] {
        try context.check(exact)
        var bytes: [UInt8] = []
        context.forEachPart { index in
            let code = exact[index] &- start(index, context)
            bytes.append(UInt8(truncatingIfNeeded: code))
            bytes.append(UInt8(code >> 8))
        }
        let planes = try BytePlaneCoder.encode(bytes, byteCount: Self.byteCount)
        return CheckedStream.seal(planes, hash: CheckedStream.hash(exact, context))
    }

    public func decode(_ chunk: [UInt8], given context: ExactContext) throws(ExactCodecError) -> [UInt16] {
        var count = 0
        context.forEachPart { _ in count += 1 }
        let bytes = try BytePlaneCoder.decode(
            Array(chunk.dropFirst(CheckedStream.byteCount)), count: count, byteCount: Self.byteCount)
        var exact = context.base
        var position = 0
        context.forEachPart { index in
            exact[index] = (UInt16(bytes[position]) | UInt16(bytes[position + 1]) << 8) &+ start(index, context)
            position += Self.byteCount
        }
        do throws(ExactCodecError) { try context.check(exact) } catch { throw ExactCodecError(.corruptChunk, error.message) }
        try CheckedStream.verify(chunk, hash: CheckedStream.hash(exact, context))
        return exact
    }

    /// Returns the number that a code counts from, modulo 2^16: the least it can be.
    private func start(_ index: Int, _ context: ExactContext) -> UInt16 {
        context.base[index] > context.reach ? context.base[index] - context.reach : 0
    }
}
