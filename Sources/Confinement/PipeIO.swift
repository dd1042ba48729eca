internal import Glibc

/// Whole messages over a pipe: length first, eight bytes.
enum PipeIO {
    /// The most bytes a message may have.
    static let messageLimit = 1 << 30

    enum Outcome: Equatable {
        case done, closed, timedOut
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Outcome {
        let length = withUnsafeBytes(of: Int64(bytes.count)) { Array($0) }
        for part in [length, bytes] {
            var written = 0
            while written < part.count {
                let count = part.withUnsafeBytes { raw in
                    Glibc.write(descriptor, raw.baseAddress.map { $0 + written }, raw.count - written)
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return .closed }
                written += count
            }
        }
        return .done
    }

    /// Reads one message.
    /// - Parameter patience: milliseconds of silence after which to give up; -1 for none.
    static func read(from descriptor: Int32, patience: Int32) -> (bytes: [UInt8], outcome: Outcome) {
        let (head, outcome) = read(8, from: descriptor, patience: patience)
        guard outcome == .done else { return ([], outcome) }
        let length = Int(head.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) })
        guard (0...messageLimit).contains(length) else { return ([], .closed) }
        return read(length, from: descriptor, patience: patience)
    }

    private static func read(_ count: Int, from descriptor: Int32, patience: Int32) -> (bytes: [UInt8], outcome: Outcome) {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            if patience >= 0 {
                var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                let status = poll(&watched, 1, patience)
                if status < 0, errno == EINTR { continue }
                if status == 0 { return ([], .timedOut) }
            }
            let taken = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + filled }, count - filled) }
            if taken < 0, errno == EINTR { continue }
            guard taken > 0 else { return ([], .closed) }
            filled += taken
        }
        return (bytes, .done)
    }
}
