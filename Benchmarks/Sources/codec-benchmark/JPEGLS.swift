internal import CCharLS

/// JPEG-LS by CharLS: slices stacked into one image.
enum JPEGLS {
    /// - Throws: ``Tool/Failed``.
    static func encode(_ subject: Subject, _ codes: [UInt16]) throws -> [UInt8] {
        guard subject.lines <= 65535, let encoder = charls_jpegls_encoder_create() else {
            throw Tool.Failed(description: "too tall for JPEG-LS")
        }
        defer { charls_jpegls_encoder_destroy(encoder) }
        let depth = max(2, subject.depth)
        var frame = charls_frame_info(
            width: UInt32(subject.columns), height: UInt32(subject.lines), bits_per_sample: Int32(depth), component_count: 1)
        try require(charls_jpegls_encoder_set_frame_info(encoder, &frame))
        var output = [UInt8](repeating: 0, count: codes.count * 3 + 4096)
        let bytes = depth <= 8 ? codes.map { UInt8($0) } : codes.withUnsafeBytes { Array($0) }
        var count = 0
        try output.withUnsafeMutableBytes { target in
            try require(
                charls_jpegls_encoder_set_destination_buffer(encoder, try start(of: UnsafeRawBufferPointer(target)), target.count))
            try bytes.withUnsafeBytes {
                try require(charls_jpegls_encoder_encode_from_buffer(encoder, try start(of: $0), $0.count, 0))
            }
            try require(charls_jpegls_encoder_get_bytes_written(encoder, &count))
        }
        return Array(output.prefix(count))
    }

    /// - Throws: ``Tool/Failed``.
    static func decode(_ bytes: [UInt8], byteCount: Int) throws {
        guard let decoder = charls_jpegls_decoder_create() else { throw Tool.Failed(description: "CharLS fails") }
        defer { charls_jpegls_decoder_destroy(decoder) }
        var output = [UInt8](repeating: 0, count: byteCount)
        try bytes.withUnsafeBytes { source in
            try require(charls_jpegls_decoder_set_source_buffer(decoder, try start(of: source), source.count))
            try require(charls_jpegls_decoder_read_header(decoder))
            try output.withUnsafeMutableBytes {
                try require(
                    charls_jpegls_decoder_decode_to_buffer(decoder, try start(of: UnsafeRawBufferPointer($0)), $0.count, 0))
            }
        }
    }

    private static func start(of buffer: UnsafeRawBufferPointer) throws -> UnsafeMutableRawPointer {
        guard let start = buffer.baseAddress else { throw Tool.Failed(description: "no voxels") }
        return UnsafeMutableRawPointer(mutating: start)
    }

    private static func require(_ status: charls_jpegls_errc) throws {
        guard status == CHARLS_JPEGLS_ERRC_SUCCESS else { throw Tool.Failed(description: "CharLS fails: \(status)") }
    }
}
