internal import Glibc

/// Whole messages over a pipe: length first, eight bytes.
enum PipeIO {
    /// The most bytes a message may have.
    static let messageLimit = 1 << 30

    enum Outcome: Equatable {
        case done, closed, timedOut
    }

    /// Writes one message.
    /// - Parameter deadline: nil to wait as long as it takes.
    static func write(_ bytes: [UInt8], to descriptor: Int32, deadline: ContinuousClock.Instant? = nil) -> Outcome {
        let length = withUnsafeBytes(of: Int64(bytes.count)) { Array($0) }
        for part in [length, bytes] {
            var written = 0
            while written < part.count {
                guard wait(for: descriptor, POLLOUT, until: deadline) else { return .timedOut }
                let count = part.withUnsafeBytes { raw in
                    Glibc.write(descriptor, raw.baseAddress.map { $0 + written }, raw.count - written)
                }
                if count < 0, errno == EINTR || errno == EAGAIN { continue }
                guard count > 0 else { return .closed }
                written += count
            }
        }
        return .done
    }

    /// Reads one message.
    /// - Parameter deadline: nil to wait as long as it takes.
    static func read(from descriptor: Int32, deadline: ContinuousClock.Instant? = nil) -> (bytes: [UInt8], outcome: Outcome) {
        let (head, outcome) = read(8, from: descriptor, deadline: deadline)
        guard outcome == .done else { return ([], outcome) }
        let length = Int(head.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) })
        guard (0...messageLimit).contains(length) else { return ([], .closed) }
        return read(length, from: descriptor, deadline: deadline)
    }

    private static func read(_ count: Int, from descriptor: Int32, deadline: ContinuousClock.Instant?) -> (
        bytes: [UInt8], outcome: Outcome
    ) {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            guard wait(for: descriptor, POLLIN, until: deadline) else { return ([], .timedOut) }
            let taken = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + filled }, count - filled) }
            if taken < 0, errno == EINTR { continue }
            guard taken > 0 else { return ([], .closed) }
            filled += taken
        }
        return (bytes, .done)
    }

    /// False when the deadline passes first. Without one the call itself waits.
    private static func wait(for descriptor: Int32, _ event: Int32, until deadline: ContinuousClock.Instant?) -> Bool {
        guard let deadline else { return true }
        while true {
            let left = (deadline - .now) / .milliseconds(1)
            guard left > 0 else { return false }
            var watched = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            let status = poll(&watched, 1, Int32(min(left.rounded(.up), 1e9)))
            if status > 0 || status < 0 && errno != EINTR { return true }
        }
    }
}
