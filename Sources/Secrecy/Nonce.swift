/// A number that one end makes up for one session and that never comes again. It is no secret.
package struct Nonce: Sendable, Equatable {
    /// 16 bytes.
    package let bytes: [UInt8]

    /// Bytes of a nonce.
    package static let byteCount = 16

    /// A new one, from the system's cryptographic random numbers.
    package init() {
        var generator = SystemRandomNumberGenerator()
        bytes = (0..<Self.byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// The other end's; nil unless there are 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }
}
