internal import Crypto

/// A SHA-256 digest.
package struct Digest: Sendable, Hashable, CustomStringConvertible {
    /// 32 bytes.
    package let bytes: [UInt8]
    /// Bytes of a digest.
    package static let byteCount = 32

    /// The digest of 32 bytes that somebody else has counted.
    package init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// The digest of some bytes.
    package init(of bytes: some Sequence<UInt8>) {
        self.init(unchecked: Array(SHA256.hash(data: Array(bytes))))
    }

    /// Reads 64 hexadecimal digits, as ``description`` gives them; nil when it is something else.
    package init?(hexadecimal text: String) {
        guard let bytes = Hexadecimal.bytes(text), bytes.count == Self.byteCount else { return nil }
        self.init(unchecked: bytes)
    }

    /// 64 hexadecimal digits.
    package var description: String { Hexadecimal.text(bytes) }
}

/// Digests bytes that come piece by piece.
package struct DigestBuilder {
    private var hash = SHA256()
    /// Nothing digested yet.
    package init() {}
    /// Adds bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }
    /// The digest of all that was added.
    package func finish() -> Digest { Digest(unchecked: Array(hash.finalize())) }
}
