internal import Faults
internal import CDe265

/// Decodes closed HEVC chunks with libde265 on the calling thread.
///
/// libde265 1.0.11 has known memory faults on hostile streams: decode what a peer sent in a confined process.
package enum HEVCDecoder {
    /// The version of libde265 that decodes.
    package static let libraryVersion = String(cString: de265_get_version())

    /// Decodes one chunk.
    /// - Parameters:
    ///   - chunk: NAL units, each after its length as four big-endian bytes.
    ///   - columns: of a slice, as it was before padding.
    ///   - rows: of a slice, as it was before padding.
    ///   - count: slices the chunk must hold.
    ///   - bitDepth: bits a sample.
    /// - Throws: `HEVCError.Code.corruptChunk`, or `.unexpectedFormat` when it holds pictures of another size, depth or number.
    package static func decode(_ chunk: [UInt8], columns: Int, rows: Int, count: Int, bitDepth: Int) throws(HEVCError) -> SliceStack
    {
        guard (1...SliceStack.sideLimit).contains(columns), (1...SliceStack.sideLimit).contains(rows), count >= 1 else {
            throw HEVCError(.invalidFrames, "\(count) slices of \(columns)x\(rows) cannot be coded")
        }
        guard let decoder = de265_new_decoder() else { throw HEVCError(.corruptChunk, "no memory for a decoder") }
        defer { de265_free_decoder(decoder) }
        var output = Output(
            frame: CodedFrame(columns: columns, rows: rows), columns: columns, rows: rows, count: count, bitDepth: bitDepth)
        var position = 0
        var index: Int64 = 0
        while position < chunk.count {
            guard chunk.count - position >= 4 else { throw HEVCError(.corruptChunk, "a NAL unit's length is cut off") }
            let length = chunk[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            position += 4
            // Without its first parameter set libde265 decodes, but shows pictures in another order.
            if index < 3, position < chunk.count, chunk[position] >> 1 & 0x3f != 32 + UInt8(index) {
                throw HEVCError(.corruptChunk, "the chunk does not begin with its parameter sets")
            }
            guard length >= 2, length <= chunk.count - position else {
                throw HEVCError(.corruptChunk, "a NAL unit of \(length) bytes where \(chunk.count - position) are left")
            }
            let status = chunk.withUnsafeBytes {
                de265_push_NAL(decoder, $0.baseAddress.map { $0 + position }, Int32(length), index, nil)
            }
            guard status == DE265_OK else { throw HEVCError(.corruptChunk, "libde265: \(text(status))") }
            position += length
            index += 1
            try drain(decoder, &output)
        }
        guard de265_flush_data(decoder) == DE265_OK else { throw HEVCError(.corruptChunk, "libde265 could not finish the chunk") }
        try drain(decoder, &output)
        // A concealed picture is a guess: warnings mean that the stream is not what the encoder wrote.
        let warning = de265_get_warning(decoder)
        guard warning == DE265_OK else { throw HEVCError(.corruptChunk, "libde265: \(text(warning))") }
        guard output.decodedCount == count else {
            throw HEVCError(.unexpectedFormat, "the chunk holds \(output.decodedCount) slices, not \(count)")
        }
        return try SliceStack(columns: columns, rows: rows, count: count, samples: output.samples)
    }

    private static func drain(_ decoder: UnsafeMutableRawPointer, _ output: inout Output) throws(HEVCError) {
        var more: Int32 = 1
        while more != 0 {
            more = 0
            let status = de265_decode(decoder, &more)
            let hadPicture = try takePictures(decoder, &output)
            if status == DE265_ERROR_WAITING_FOR_INPUT_DATA { return }
            if status == DE265_ERROR_IMAGE_BUFFER_FULL {
                // Room comes only with a picture taken; without one the decoder would turn in circles.
                guard hadPicture else { throw HEVCError(.corruptChunk, "libde265: \(text(status))") }
                more = 1
                continue
            }
            guard status == DE265_OK else { throw HEVCError(.corruptChunk, "libde265: \(text(status))") }
        }
    }

    private static func takePictures(_ decoder: UnsafeMutableRawPointer, _ output: inout Output) throws(HEVCError) -> Bool {
        var any = false
        while let image = de265_get_next_picture(decoder) {
            try output.take(image)
            any = true
        }
        return any
    }

    private static func text(_ error: de265_error) -> String { String(cString: de265_get_error_text(error)) }

    /// Decoded slices, cut back from their padding.
    private struct Output {
        let frame: CodedFrame
        let columns: Int
        let rows: Int
        let count: Int
        let bitDepth: Int
        var samples: [UInt16] = []
        var decodedCount = 0

        mutating func take(_ image: OpaquePointer) throws(HEVCError) {
            let width = Int(de265_get_image_width(image, 0))
            let height = Int(de265_get_image_height(image, 0))
            let bits = Int(de265_get_bits_per_pixel(image, 0))
            guard width == frame.columns, height == frame.rows, bits == bitDepth,
                de265_get_chroma_format(image) == de265_chroma_mono
            else {
                throw HEVCError(
                    .unexpectedFormat,
                    "a picture of \(width)x\(height) at \(bits) bits, not a monochrome one of \(frame.columns)x\(frame.rows) at \(bitDepth)"
                )
            }
            guard decodedCount < count else { throw HEVCError(.unexpectedFormat, "the chunk holds more than its \(count) slices") }
            var stride: Int32 = 0
            guard let plane = de265_get_image_plane(image, 0, &stride) else {
                throw HEVCError(.corruptChunk, "a picture without samples")
            }
            decodedCount += 1
            samples.reserveCapacity(columns * rows * count)
            for row in 0..<rows {
                let line = UnsafeRawPointer(plane) + row * Int(stride)
                if bitDepth == 8 {
                    samples.append(contentsOf: UnsafeRawBufferPointer(start: line, count: columns).lazy.map { UInt16($0) })
                } else {
                    samples.append(contentsOf: UnsafeRawBufferPointer(start: line, count: columns * 2).bindMemory(to: UInt16.self))
                }
            }
        }
    }
}
