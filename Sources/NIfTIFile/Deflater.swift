internal import CZlib

/// zlib's deflate in gzip's wrapper, into a file.
final class Deflater {
    private var stream = z_stream()
    private let file: AtomicFile
    private var output = [UInt8](repeating: 0, count: 1 << 18)

    init(level: Int, file: AtomicFile) throws(NIfTIError) {
        self.file = file
        let status = deflateInit2_(
            &stream, Int32(min(max(level, 1), 9)), Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw NIfTIError(.cannotWrite, "\(file.path): no memory to compress") }
    }
    deinit { deflateEnd(&stream) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(NIfTIError) {
        // zlib counts in 32 bits.
        let step = 1 << 30
        for start in Swift.stride(from: 0, to: bytes.count, by: step) {
            try run(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + step, bytes.count)]), flush: Z_NO_FLUSH)
        }
    }

    func finish() throws(NIfTIError) { try run(UnsafeRawBufferPointer(start: nil, count: 0), flush: Z_FINISH) }

    private func run(_ input: UnsafeRawBufferPointer, flush: Int32) throws(NIfTIError) {
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(input.count)
        var room: UInt32
        repeat {
            let made: Int = output.withUnsafeMutableBufferPointer { buffer in
                stream.next_out = buffer.baseAddress
                stream.avail_out = UInt32(buffer.count)
                deflate(&stream, flush)
                return buffer.count - Int(stream.avail_out)
            }
            room = stream.avail_out
            try file.write(Array(output[..<made]))
        } while room == 0
    }
}
