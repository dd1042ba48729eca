public import Faults

/// Knowledge that both ends have before a refinement chunk: the decoded base, and which voxels are exact already.
public struct ExactContext: Sendable, Equatable {
    /// Columns of the chunk's box.
    public let columns: Int
    /// Rows of the chunk's box.
    public let rows: Int
    /// Slices of the chunk's box.
    public let slices: Int
    /// The greatest code a voxel can have; codes run from 0.
    public let maxCode: UInt16
    /// The decoded base as codes: slices x rows x columns. At neighbours that take no part their exact codes; where voxels stand aside it means
    /// nothing.
    public let base: [UInt16]
    /// Role of each voxel in this chunk: ``takesPart``, ``aside`` or ``neighbour``; the same shape.
    public let known: [UInt8]
    /// A voxel that the chunk makes exact.
    public static let takesPart: UInt8 = 0
    /// A voxel that is exact already, and nothing to go by.
    public static let aside: UInt8 = 1
    /// A voxel that is exact already, and as good a neighbour as any.
    public static let neighbour: UInt8 = 2
    /// Greatest difference that an exact code can have from its base code.
    public let reach: UInt16

    /// Makes a context.
    /// - Throws: `ExactCodecError.Code.invalidInput` when the arrays do not fit the shape.
    public init(
        columns: Int, rows: Int, slices: Int, maxCode: UInt16, base: [UInt16], known: [UInt8], reach: UInt16 = .max
    ) throws(ExactCodecError) {
        guard columns > 0, rows > 0, slices > 0, base.count == columns * rows * slices, known.count == base.count else {
            throw ExactCodecError(
                .invalidInput, "\(base.count) base codes and \(known.count) flags do not fit \(slices)x\(rows)x\(columns)")
        }
        self.columns = columns
        self.rows = rows
        self.slices = slices
        self.maxCode = maxCode
        self.base = base
        self.known = known
        self.reach = reach
    }

    /// Checks that codes fit.
    /// - Throws: `ExactCodecError.Code.invalidInput` when they are not as many as the voxels, or one that takes part is too great or too far
    ///   from its base.
    func check(_ exact: [UInt16]) throws(ExactCodecError) {
        guard exact.count == voxelCount else {
            throw ExactCodecError(.invalidInput, "\(exact.count) codes for a chunk of \(voxelCount) voxels")
        }
        var (greatest, farthest) = (UInt16(0), 0)
        exact.withUnsafeBufferPointer { exact in
            base.withUnsafeBufferPointer { base in
                forEachPart { index in
                    greatest = max(greatest, exact[index])
                    farthest = max(farthest, abs(Int(exact[index]) - Int(base[index])))
                }
            }
        }
        guard greatest <= maxCode else { throw ExactCodecError(.invalidInput, "a code above \(maxCode)") }
        guard farthest <= Int(reach) else { throw ExactCodecError(.invalidInput, "a code further than \(reach) from its base") }
    }

    /// Calls `body` with the index of each voxel that takes part, in order. Most of a chunk's box may be air, which is passed by eight at a time.
    @inline(__always)
    func forEachPart(_ body: (Int) -> Void) {
        known.withUnsafeBytes { raw in
            var index = 0
            while index < raw.count {
                if index + 8 <= raw.count, raw.loadUnaligned(fromByteOffset: index, as: UInt64.self) == Self.air {
                    index += 8
                    continue
                }
                let end = min(raw.count, index + 8)
                while index < end {
                    if raw[index] == Self.takesPart { body(index) }
                    index += 1
                }
            }
        }
    }

    /// The length of the run of voxels that stand aside at the beginning of a range; most of a chunk's box may be air, which is passed by eight at a
    /// time.
    @inline(__always)
    static func asideCount(_ known: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int {
        var index = range.lowerBound
        let raw = UnsafeRawBufferPointer(known)
        while index + 8 <= range.upperBound {
            let differing = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian ^ air
            guard differing == 0 else { return index + differing.trailingZeroBitCount >> 3 - range.lowerBound }
            index += 8
        }
        while index < range.upperBound, known[index] == aside { index += 1 }
        return index - range.lowerBound
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let air = ones * UInt64(aside)

    /// Passes by voxels up to the one that takes part after `parts` others did, or to the end of the range.
    /// - Parameter parts: is lowered by those that were passed by.
    /// - Returns: how many voxels were passed by.
    @inline(__always)
    static func passedCount(_ known: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, parts: inout Int) -> Int {
        var index = range.lowerBound
        let raw = UnsafeRawBufferPointer(known)
        while index + 8 <= range.upperBound {
            let eight = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let count = 8 - ((eight | eight >> 1) & ones).nonzeroBitCount
            guard count <= parts else { break }
            parts -= count
            index += 8
        }
        while index < range.upperBound {
            if known[index] == takesPart {
                guard parts > 0 else { break }
                parts -= 1
            }
            index += 1
        }
        return index - range.lowerBound
    }

    /// The length of the run of voxels that take part at the beginning of a range.
    @inline(__always)
    static func partCount(_ known: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int {
        var index = range.lowerBound
        let raw = UnsafeRawBufferPointer(known)
        while index + 8 <= range.upperBound, raw.loadUnaligned(fromByteOffset: index, as: UInt64.self) == 0 { index += 8 }
        while index < range.upperBound, known[index] == takesPart { index += 1 }
        return index - range.lowerBound
    }

    /// Voxels of the chunk's box.
    public var voxelCount: Int { base.count }
}

/// Codes exact codes, given the decoded base or not.
///
/// Every coder works on integers alone, so that its bytes are the same on every machine.
public protocol ExactCoder: Sendable {
    /// Names the coder on the wire.
    var identifier: UInt8 { get }
    /// True when the decoded base tells the coder anything; otherwise chunks need none.
    var usesBase: Bool { get }
    /// Codes a chunk.
    /// - Parameter exact: slices x rows x columns codes, none above the context's greatest; known voxels are not looked at.
    func encode(_ exact: [UInt16], given context: ExactContext) throws(ExactCodecError) -> [UInt8]
    /// Gives back the exact codes; what stands at known voxels means nothing.
    /// - Throws: `ExactCodecError.Code.corruptChunk`.
    func decode(_ chunk: [UInt8], given context: ExactContext) throws(ExactCodecError) -> [UInt16]
}

/// The coders this version knows, by their names in profiles.
public enum ExactCoders: String, Sendable, CaseIterable {
    /// The smallest chunks.
    case contextMixing = "context-mixing"
    /// About the bytes of context mixing with its base, in a tenth of its time, and without one.
    case linear = "fast"
    /// As they are: about the bytes of a compressed file, and nothing that could err.
    case stored

    /// The coder.
    public var coder: any ExactCoder {
        switch self {
        case .contextMixing: ContextMixingCoder()
        case .linear: LinearCoder()
        case .stored: StoredCoder()
        }
    }

    /// The coder of that name.
    /// - Throws: `ExactCodecError.Code.corruptChunk` for a name this version does not know.
    public static func coder(identifier: UInt8) throws(ExactCodecError) -> any ExactCoder {
        switch identifier {
        case 2: ContextMixingCoder()
        case 3: LinearCoder()
        case 4: StoredCoder()
        default: throw ExactCodecError(.corruptChunk, "refinement coder \(identifier) is unknown to this version")
        }
    }
}
