internal import Concurrency

/// Keeps what is handed to the transport to a rate, as a bucket of tokens.
///
/// libsrt paces by the average size of recent messages: after a row of small heartbeats it sends full datagrams many times too
/// fast until its average has caught up, enough to overflow a thin link's queue.
public struct Pacer: Sendable {
    private var bytesPerSecond: Double
    private var capacity: Double
    private var tokens: Double
    private var last: Duration

    /// Makes a full bucket.
    /// - Parameters:
    ///   - bitsPerSecond: on the wire.
    ///   - capacity: the most bytes at once.
    public init(bitsPerSecond: Double, capacity: Int, now: Duration) {
        bytesPerSecond = bitsPerSecond / 8
        self.capacity = Double(capacity)
        tokens = Double(capacity)
        last = now
    }

    /// Changes the rate from now on.
    public mutating func change(bitsPerSecond: Double, capacity: Int, now: Duration) {
        refill(now: now)
        bytesPerSecond = bitsPerSecond / 8
        self.capacity = Double(capacity)
        tokens = min(tokens, self.capacity)
    }

    /// When a whole datagram of a size may go, if nothing goes before.
    public func nextAllowance(datagramByteCount: Int) -> Duration {
        last + .seconds(max(0, Double(datagramByteCount) - tokens) / bytesPerSecond)
    }

    private mutating func refill(now: Duration) {
        guard now > last else { return }
        tokens = min(capacity, tokens + (now - last).inSeconds * bytesPerSecond)
        last = now
    }

    /// Whole datagrams of a size that may go now.
    public mutating func allowance(datagramByteCount: Int, now: Duration) -> Int {
        refill(now: now)
        return max(0, Int(tokens / Double(datagramByteCount)))
    }

    /// Takes what has gone; also what the transport has sent again by itself, for which the bucket may go below empty.
    public mutating func spend(byteCount: Int) { tokens = max(-capacity, tokens - Double(byteCount)) }
}
