internal import Faults

/// Slices of one size as sample values, ready to be coded: slices x rows x columns.
package struct SliceStack: Sendable, Equatable {
    /// Columns of a slice.
    package let columns: Int
    /// Rows of a slice.
    package let rows: Int
    /// Slices.
    package let count: Int
    /// Samples below 2^bitDepth, columns fastest.
    package let samples: [UInt16]

    /// The longest side libde265 and x265 take.
    package static let sideLimit = 8192

    /// Makes a stack.
    /// - Throws: `HEVCError.Code.invalidFrames` when the sizes do not agree or a side is above ``sideLimit``.
    package init(columns: Int, rows: Int, count: Int, samples: [UInt16]) throws(HEVCError) {
        guard (1...Self.sideLimit).contains(columns), (1...Self.sideLimit).contains(rows), count >= 1,
            samples.count == columns * rows * count
        else {
            throw HEVCError(
                .invalidFrames,
                "\(samples.count) samples are not \(count) slices of \(columns)x\(rows) with sides to \(Self.sideLimit)")
        }
        self.columns = columns
        self.rows = rows
        self.count = count
        self.samples = samples
    }
}

/// The frame size in which slices are coded.
///
/// x265 3.5 and libde265 1.0.11 disagree on frames one coding-tree unit wide, and x265's cuTree writes out of bounds below 49
/// columns; so no frame is smaller than 64x64. Sides are whole numbers of the smallest coding unit, 8. What is added repeats the
/// slice's edge and costs next to nothing.
package struct CodedFrame: Equatable {
    /// Columns of a frame.
    package let columns: Int
    /// Rows of a frame.
    package let rows: Int

    package static let smallestSide = 64

    /// The frame of slices of a size.
    package init(columns: Int, rows: Int) {
        func coded(_ side: Int) -> Int { max(Self.smallestSide, (side + 7) / 8 * 8) }
        self.columns = coded(columns)
        self.rows = coded(rows)
    }

    /// Writes one slice into a frame, its edges repeated.
    package func pad<Sample: FixedWidthInteger>(_ stack: SliceStack, slice: Int, into frame: inout [Sample]) {
        stack.samples.withUnsafeBufferPointer { source in
            frame.withUnsafeMutableBufferPointer { target in
                for row in 0..<rows {
                    let line = (slice * stack.rows + min(row, stack.rows - 1)) * stack.columns
                    let start = row * columns
                    for column in 0..<stack.columns { target[start + column] = Sample(truncatingIfNeeded: source[line + column]) }
                    let last = target[start + stack.columns - 1]
                    for column in stack.columns..<columns { target[start + column] = last }
                }
            }
        }
    }
}
