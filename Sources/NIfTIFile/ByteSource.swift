internal import CZlib
internal import Faults
internal import Files

/// A file's bytes in order, decompressed where it is gzip.
final class ByteSource {
    private let file: PlainFile
    private var input = [UInt8](repeating: 0, count: 1 << 18)
    private var inputStart = 0
    private var inputEnd = 0
    private var consumedFileBytes = 0
    private var inflater: Inflater?
    /// True when compressed data stopped in the middle of a member: within what it holds, or within the checksum and length after it.
    private(set) var endsWithinMember = false

    init(path: String) throws(NIfTIError) {
        do throws(FileError) { file = try PlainFile(path) } catch { throw NIfTIError(error) }
        try refill()
        // gzip is told by its first bytes rather than by its name.
        if inputEnd >= 2, input[0] == 0x1f, input[1] == 0x8b { inflater = try Inflater() }
    }

    /// The most bytes this source can still hold: what is left of the file, or that times deflate's greatest ratio.
    var remainingByteBound: Int {
        let left = file.byteCount - consumedFileBytes + (inputEnd - inputStart)
        return inflater == nil ? left : left.multipliedReportingOverflow(by: 1032).overflow ? .max : left * 1032 + (1 << 16)
    }

    /// Reads up to `count` bytes; fewer only at the end. Memory grows with what arrives, not with what was announced.
    func read(upTo count: Int) throws(NIfTIError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(min(count, remainingByteBound, 64 << 20))
        while result.count < count {
            let before = result.count
            let step = min(count - before, 1 << 20)
            result.append(contentsOf: repeatElement(0, count: step))
            let made = try result.withUnsafeMutableBufferPointerThrowing { buffer throws(NIfTIError) in
                try read(into: UnsafeMutableBufferPointer(rebasing: buffer[before...]))
            }
            result.removeLast(step - made)
            if made < step { break }
        }
        return result
    }

    /// Fills memory with what comes next.
    /// - Returns: how many bytes there were; fewer than there is room for only at the end.
    func read(into output: UnsafeMutableBufferPointer<UInt8>) throws(NIfTIError) -> Int {
        var position = 0
        while position < output.count {
            let step = UnsafeMutableBufferPointer(rebasing: output[position..<min(output.count, position + (1 << 20))])
            let made = try inflater == nil ? copy(to: step) : inflate(to: step)
            position += made
            if made < step.count { break }
        }
        return position
    }

    private func copy(to output: UnsafeMutableBufferPointer<UInt8>) throws(NIfTIError) -> Int {
        var made = 0
        while made < output.count {
            if inputStart == inputEnd { try refill() }
            let taken = min(output.count - made, inputEnd - inputStart)
            guard taken > 0 else { break }
            input.withUnsafeBufferPointer { _ = output[made...].update(fromContentsOf: $0[inputStart..<inputStart + taken]) }
            inputStart += taken
            made += taken
        }
        return made
    }

    private func inflate(to output: UnsafeMutableBufferPointer<UInt8>) throws(NIfTIError) -> Int {
        guard let inflater else { return 0 }
        var produced = 0
        while produced < output.count {
            if inputStart == inputEnd { try refill() }
            let inputIsEmpty = inputStart == inputEnd
            if inflater.isBetweenMembers {
                // As gzip does: another member goes on, anything else after the last one is ignored.
                if inputEnd - inputStart == 1 { try refill() }
                guard inputEnd - inputStart >= 2, input[inputStart] == 0x1f, input[inputStart + 1] == 0x8b else { break }
                inflater.startMember()
            }
            let (taken, made) = try inflater.run(input, from: inputStart, to: inputEnd, output, from: produced)
            inputStart += taken
            produced += made
            if taken == 0, made == 0, inputIsEmpty {
                endsWithinMember = true
                break
            }
        }
        return produced
    }

    /// Reads on; what has not been used yet, at most a byte, comes first.
    private func refill() throws(NIfTIError) {
        let kept = Array(input[inputStart..<inputEnd])
        input.replaceSubrange(0..<kept.count, with: kept)
        let (file, position) = (file, consumedFileBytes)
        let count = try input.withUnsafeMutableBufferPointerThrowing { buffer throws(NIfTIError) in
            do throws(FileError) {
                return try file.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[kept.count...]),
                    at: position)
            } catch {
                throw NIfTIError(error)
            }
        }
        inputStart = 0
        inputEnd = kept.count + count
        consumedFileBytes += count
    }
}

extension Array where Element == UInt8 {
    fileprivate mutating func withUnsafeMutableBufferPointerThrowing<R>(
        _ body: (UnsafeMutableBufferPointer<UInt8>) throws(NIfTIError) -> R
    ) throws(NIfTIError) -> R {
        var result: Result<R, NIfTIError> = .failure(NIfTIError(.file(.unreadable), "nothing was read"))
        withUnsafeMutableBufferPointer { buffer in
            do throws(NIfTIError) { result = .success(try body(buffer)) } catch { result = .failure(error) }
        }
        return try result.get()
    }
}

/// zlib's inflate over gzip members.
private final class Inflater {
    private var stream = z_stream()
    private(set) var isBetweenMembers = false

    init() throws(NIfTIError) {
        // 15 bits of window, and 16 to expect gzip's wrapper.
        guard inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw NIfTIError(.file(.unreadable), "no memory to decompress")
        }
    }
    deinit { inflateEnd(&stream) }

    func startMember() {
        inflateReset(&stream)
        isBetweenMembers = false
    }

    func run(_ input: [UInt8], from start: Int, to end: Int, _ output: UnsafeMutableBufferPointer<UInt8>, from position: Int)
        throws(NIfTIError) -> (taken: Int, made: Int)
    {
        let room = output.count - position
        let status = input.withUnsafeBufferPointer { input -> Int32 in
            guard let base = input.baseAddress, let out = output.baseAddress else { return Z_STREAM_ERROR }
            stream.next_in = UnsafeMutablePointer(mutating: base + start)
            stream.avail_in = UInt32(end - start)
            stream.next_out = out + position
            stream.avail_out = UInt32(room)
            return CZlib.inflate(&stream, Z_NO_FLUSH)
        }
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
            throw NIfTIError(.corruptCompression, "the gzip data is corrupt")
        }
        isBetweenMembers = status == Z_STREAM_END
        return (end - start - Int(stream.avail_in), room - Int(stream.avail_out))
    }
}
