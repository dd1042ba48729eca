/// A number that one end makes up for one session and that never comes again. It is no secret.
public struct Nonce: Sendable, Equatable {
    /// 16 bytes.
    public let bytes: [UInt8]

    /// Bytes of a nonce.
    public static let byteCount = 16

    /// A new one, from the system's cryptographic random numbers.
    public init() {
        var generator = SystemRandomNumberGenerator()
        bytes = (0..<Self.byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// The other end's; nil unless there are 16 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }
}
