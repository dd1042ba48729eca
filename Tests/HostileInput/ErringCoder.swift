internal import Faults
package import ExactCodec

/// A coder with a fault: what it makes of a chunk does not decode to the chunk's voxels.
package struct ErringCoder: ExactCoder {
    /// The fault that a chunk gets.
    package enum Fault: Sendable, CaseIterable {
        /// One voxel has another value, and every check of the chunk's own holds.
        case oneVoxel
        /// The bytes do not decode.
        case brokenBytes
    }

    private let coder: any ExactCoder
    private let fault: Fault
    package var identifier: UInt8 { coder.identifier }
    package var usesBase: Bool { coder.usesBase }

    /// Makes a coder err.
    package init(coder: any ExactCoder, fault: Fault = .oneVoxel) {
        self.coder = coder
        self.fault = fault
    }

    package func encode(_ exact: [UInt16], given context: ExactContext) throws(ExactCodecError) -> [UInt8] {
        var wrong = exact
        if fault == .oneVoxel, let index = context.known.firstIndex(of: ExactContext.takesPart) {
            wrong[index] = wrong[index] == 0 ? min(1, context.maxCode) : wrong[index] - 1
        }
        var chunk = try coder.encode(wrong, given: context)
        if fault == .brokenBytes { chunk[0] ^= 1 }
        return chunk
    }

    package func decode(_ chunk: [UInt8], given context: ExactContext) throws(ExactCodecError) -> [UInt16] {
        try coder.decode(chunk, given: context)
    }
}
