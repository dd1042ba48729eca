internal import Faults

/// A range coder's bytes with a check before them: such a coder decodes any bytes to something, so what came out is compared with a hash of what
/// went in. FNV-1a, against damage; not against an attacker.
enum CheckedStream {
    /// Bytes of the check.
    static let byteCount = 4

    /// A hash that begins with what the stream is for, so that one of other sides is told from it.
    static func start(sides: [Int]) -> UInt32 {
        sides.reduce(2_166_136_261) { step($0, UInt32(truncatingIfNeeded: $1)) }
    }

    @inline(__always)
    static func step(_ hash: UInt32, _ value: UInt32) -> UInt32 { (hash ^ value) &* 16_777_619 }

    /// A hash of the codes of the voxels that take part.
    static func hash(_ exact: [UInt16], _ context: ExactContext) -> UInt32 {
        var hash = start(sides: [context.columns, context.rows, context.slices, Int(context.maxCode)])
        exact.withUnsafeBufferPointer { exact in
            context.forEachPart { hash = step(hash, UInt32(exact[$0])) }
        }
        return hash
    }

    /// The length goes into the check: the last bytes may mean nothing, and a stream without them is still cut off.
    static func seal(_ stream: [UInt8], hash: UInt32) -> [UInt8] {
        let check = step(hash, UInt32(truncatingIfNeeded: stream.count))
        return withUnsafeBytes(of: check.bigEndian) { Array($0) } + stream
    }

    static func verify(_ chunk: [UInt8], hash: UInt32) throws(ExactCodecError) {
        let check = chunk.prefix(byteCount).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard chunk.count >= byteCount, check == step(hash, UInt32(truncatingIfNeeded: chunk.count - byteCount)) else {
            throw ExactCodecError(.corruptChunk, "a chunk that does not decode to what was coded")
        }
    }
}
