import Faults
import HEVCDecoding
import Foundation
import HEVCCodec

/// Slices like soft tissue: a few waves that drift from slice to slice, over most of the sample range.
func pattern(columns: Int, rows: Int, count: Int, bitDepth: Int) throws -> SliceStack {
    let greatest = Double(1 << bitDepth - 1)
    var samples: [UInt16] = []
    samples.reserveCapacity(columns * rows * count)
    for slice in 0..<count {
        for row in 0..<rows {
            for column in 0..<columns {
                let (x, y, z) = (Double(column), Double(row), Double(slice))
                let waves: Double = sin(x / 11 + z / 9) + sin(y / 14 - z / 13) + sin((x + y) / 23)
                samples.append(UInt16(greatest * (0.5 + waves / 8)))
            }
        }
    }
    return try SliceStack(columns: columns, rows: rows, count: count, samples: samples)
}

/// The mean squared error, as a share of the squared sample range.
func error(_ a: SliceStack, _ b: SliceStack, bitDepth: Int) -> Double {
    let greatest = Double(1 << bitDepth - 1)
    let sum = zip(a.samples, b.samples).reduce(0.0) { sum, pair in
        let difference = (Double(pair.0) - Double(pair.1)) / greatest
        return sum + difference * difference
    }
    return sum / Double(a.samples.count)
}

/// The error with which the coder refuses; nil when it does not.
func code(_ body: () throws -> some Any) -> HEVCError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? HEVCError)?.code
    }
}

/// The offset of each NAL unit's length in a chunk, and the length.
func units(_ chunk: [UInt8]) -> [(position: Int, length: Int)] {
    var result: [(Int, Int)] = []
    var position = 0
    while position + 4 <= chunk.count {
        let length = chunk[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
        result.append((position, length))
        position += 4 + length
    }
    return result
}
