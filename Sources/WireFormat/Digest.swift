internal import Crypto

/// A SHA-256 digest.
public struct Digest: Sendable, Hashable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]
    static let byteCount = 32

    init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// The digest of some bytes.
    public init(of bytes: some Sequence<UInt8>) {
        self.init(unchecked: Array(SHA256.hash(data: Array(bytes))))
    }

    /// 64 hexadecimal digits.
    public var description: String {
        bytes.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
    }
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
