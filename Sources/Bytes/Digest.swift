internal import Crypto

/// A SHA-256 digest.
public struct Digest: Sendable, Hashable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]
    /// Bytes of a digest.
    public static let byteCount = 32

    /// The digest of 32 bytes that somebody else has counted.
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// The digest of some bytes.
    public init(of bytes: some Sequence<UInt8>) {
        self.init(unchecked: Array(SHA256.hash(data: Array(bytes))))
    }

    /// Reads 64 hexadecimal digits, as ``description`` gives them; nil when it is something else.
    public init?(hexadecimal text: String) {
        guard let bytes = Hexadecimal.bytes(text), bytes.count == Self.byteCount else { return nil }
        self.init(unchecked: bytes)
    }

    /// 64 hexadecimal digits.
    public var description: String { Hexadecimal.text(bytes) }
}

/// Digests bytes that come piece by piece.
public struct DigestBuilder {
    private var hash = SHA256()
    /// Nothing digested yet.
    public init() {}
    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }
    /// The digest of all that was added.
    public func finish() -> Digest { Digest(unchecked: Array(hash.finalize())) }
}
