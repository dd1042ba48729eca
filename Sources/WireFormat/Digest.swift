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

    /// Reads 64 hexadecimal digits, as ``description`` gives them; nil when it is something else.
    public init?(hexadecimal text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 2 * Self.byteCount else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[index...index + 1], as: UTF8.self)
            guard let byte = UInt8(pair, radix: 16), !pair.hasPrefix("+") else { return nil }
            bytes.append(byte)
        }
        self.init(unchecked: bytes)
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
