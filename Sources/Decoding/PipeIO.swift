internal import Glibc

/// Whole messages over a pipe: length first, eight bytes. Calls wait as long as it takes; the other end's end wakes them.
package enum PipeIO {
    /// The most bytes a message may have.
    static let messageLimit = 1 << 30

    /// Writes one message.
    /// - Returns: false when the other end is closed.
    package static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        let length = withUnsafeBytes(of: Int64(bytes.count)) { Array($0) }
        for part in [length, bytes] {
            var written = 0
            while written < part.count {
                let count = part.withUnsafeBytes { raw in
                    Glibc.write(descriptor, raw.baseAddress.map { $0 + written }, raw.count - written)
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                written += count
            }
        }
        return true
    }

    /// Reads one message.
    /// - Returns: nil when the other end is closed, or announces more than ``messageLimit``.
    package static func read(from descriptor: Int32) -> [UInt8]? {
        guard let head = read(8, from: descriptor) else { return nil }
        let length = Int(head.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) })
        guard (0...messageLimit).contains(length) else { return nil }
        return read(length, from: descriptor)
    }

    private static func read(_ count: Int, from descriptor: Int32) -> [UInt8]? {
        var filled = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            while filled < count {
                let taken = Glibc.read(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled)
                if taken < 0, errno == EINTR { continue }
                guard taken > 0 else { break }
                filled += taken
            }
            initializedCount = filled
        }
        return filled == count ? bytes : nil
    }
}
