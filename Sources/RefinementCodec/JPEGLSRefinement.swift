internal import CCharLS

/// JPEG-LS (ISO/IEC 14495-1, by CharLS) on the difference to the base, the slices of a chunk stacked into one tall image.
///
/// Differences wrap modulo the next power of two above the greatest code, so they need no more bits than the codes, and stay exact.
public struct JPEGLSRefinement: RefinementCoder {
    public let identifier: UInt8 = 1
    public let usesBase = true

    /// The most lines a JPEG-LS image may have.
    public static let lineLimit = 65535

    /// Makes the coder.
    public init() {}

    private func bitCount(_ context: RefinementContext) -> Int {
        max(2, UInt16.bitWidth - context.greatestCode.leadingZeroBitCount)
    }

    private func check(_ context: RefinementContext) throws(RefinementError) {
        guard context.columns <= Self.lineLimit, context.rows * context.slices <= Self.lineLimit else {
            throw RefinementError(
                .invalidInput, "\(context.slices) slices of \(context.columns)x\(context.rows) are too large for one JPEG-LS image")
        }
    }

    public func encode(_ exact: [UInt16], given context: RefinementContext) throws(RefinementError) -> [UInt8] {
        try check(context)
        guard exact.count == context.voxelCount else {
            throw RefinementError(.invalidInput, "\(exact.count) codes for a chunk of \(context.voxelCount) voxels")
        }
        let bits = bitCount(context)
        let wrap = UInt16(truncatingIfNeeded: (1 << bits) - 1)
        let middle = UInt16(1) << UInt16(bits - 1)
        var differences = [UInt16](repeating: middle, count: exact.count)
        for index in exact.indices where context.known[index] == 0 {
            differences[index] = (exact[index] &- context.base[index] &+ middle) & wrap
        }
        let bytes = bits <= 8 ? differences.map { UInt8(truncatingIfNeeded: $0) } : differences.withUnsafeBytes { Array($0) }
        return try compress(bytes, bits: bits, context)
    }

    private func compress(_ bytes: [UInt8], bits: Int, _ context: RefinementContext) throws(RefinementError) -> [UInt8] {
        guard let encoder = charls_jpegls_encoder_create() else {
            throw RefinementError(.encoderFailed, "no memory for a JPEG-LS encoder")
        }
        defer { charls_jpegls_encoder_destroy(encoder) }
        func require(_ status: charls_jpegls_errc, _ step: String) throws(RefinementError) {
            guard status == CHARLS_JPEGLS_ERRC_SUCCESS else {
                throw RefinementError(.encoderFailed, "CharLS: \(step): \(Self.text(status))")
            }
        }
        var frame = charls_frame_info(
            width: UInt32(context.columns), height: UInt32(context.rows * context.slices), bits_per_sample: Int32(bits),
            component_count: 1)
        try require(charls_jpegls_encoder_set_frame_info(encoder, &frame), "frame")
        var bound = 0
        try require(charls_jpegls_encoder_get_estimated_destination_size(encoder, &bound), "size")
        // The estimate holds for natural images; noise can pass it.
        var output = [UInt8](repeating: 0, count: bound * 2 + 4096)
        let status = output.withUnsafeMutableBytes { target -> charls_jpegls_errc in
            bytes.withUnsafeBytes { source in
                guard let to = target.baseAddress, let from = source.baseAddress else { return CHARLS_JPEGLS_ERRC_INVALID_ARGUMENT }
                let set = charls_jpegls_encoder_set_destination_buffer(encoder, to, target.count)
                guard set == CHARLS_JPEGLS_ERRC_SUCCESS else { return set }
                return charls_jpegls_encoder_encode_from_buffer(encoder, from, source.count, 0)
            }
        }
        try require(status, "encode")
        var written = 0
        try require(charls_jpegls_encoder_get_bytes_written(encoder, &written), "length")
        output.removeLast(output.count - written)
        return output
    }

    public func decode(_ chunk: [UInt8], given context: RefinementContext) throws(RefinementError) -> [UInt16] {
        try check(context)
        // CharLS 2.4.1 reads on without end in an image that is cut off (fixed upstream in charls#334): the end marker must be there.
        guard chunk.suffix(2).elementsEqual([0xff, 0xd9]) else {
            throw RefinementError(.corruptChunk, "a refinement chunk that is cut off")
        }
        let bits = bitCount(context)
        let bytes = try decompress(chunk, bits: bits, context)
        let wrap = UInt16(truncatingIfNeeded: (1 << bits) - 1)
        let middle = UInt16(1) << UInt16(bits - 1)
        let sampleByteCount = bits <= 8 ? 1 : 2
        var exact = [UInt16](repeating: 0, count: context.voxelCount)
        var greatest: UInt16 = 0
        bytes.withUnsafeBytes { raw in
            for index in exact.indices {
                let difference =
                    sampleByteCount == 1
                    ? UInt16(raw[index]) : raw.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
                let code = (difference &- middle &+ context.base[index]) & wrap
                exact[index] = code
                if context.known[index] == 0 { greatest = max(greatest, code) }
            }
        }
        guard greatest <= context.greatestCode else {
            throw RefinementError(
                .corruptChunk, "a refinement chunk leads to code \(greatest), above the volume's greatest, \(context.greatestCode)")
        }
        return exact
    }

    private func decompress(_ chunk: [UInt8], bits: Int, _ context: RefinementContext) throws(RefinementError) -> [UInt8] {
        guard let decoder = charls_jpegls_decoder_create() else {
            throw RefinementError(.corruptChunk, "no memory for a JPEG-LS decoder")
        }
        defer { charls_jpegls_decoder_destroy(decoder) }
        var output = [UInt8](repeating: 0, count: context.voxelCount * (bits <= 8 ? 1 : 2))
        var frame = charls_frame_info()
        var matches = false
        // The source has to stay where it is from the first call to the last.
        let status = chunk.withUnsafeBytes { source -> charls_jpegls_errc in
            output.withUnsafeMutableBytes { target -> charls_jpegls_errc in
                guard let from = source.baseAddress, let to = target.baseAddress else { return CHARLS_JPEGLS_ERRC_INVALID_ARGUMENT }
                var status = charls_jpegls_decoder_set_source_buffer(decoder, from, source.count)
                guard status == CHARLS_JPEGLS_ERRC_SUCCESS else { return status }
                status = charls_jpegls_decoder_read_header(decoder)
                guard status == CHARLS_JPEGLS_ERRC_SUCCESS else { return status }
                status = charls_jpegls_decoder_get_frame_info(decoder, &frame)
                guard status == CHARLS_JPEGLS_ERRC_SUCCESS else { return status }
                matches =
                    frame.width == UInt32(context.columns) && frame.height == UInt32(context.rows * context.slices)
                    && frame.bits_per_sample == Int32(bits) && frame.component_count == 1
                guard matches else { return status }
                return charls_jpegls_decoder_decode_to_buffer(decoder, to, target.count, 0)
            }
        }
        guard status == CHARLS_JPEGLS_ERRC_SUCCESS else { throw RefinementError(.corruptChunk, "CharLS: \(Self.text(status))") }
        guard matches else { throw RefinementError(.corruptChunk, "a JPEG-LS image of another size or depth than the chunk's") }
        return output
    }

    private static func text(_ status: charls_jpegls_errc) -> String { String(cString: charls_get_error_message(status)) }
}
