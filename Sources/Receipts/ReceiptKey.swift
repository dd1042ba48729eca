internal import Crypto
internal import Foundation
internal import Bytes
internal import Faults
internal import Files

/// The key a receiver signs its receipts with: Ed25519 (RFC 8032), in PEM files as other programs make and read them (RFC 8410).
package struct ReceiptKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// PKCS #8 and SubjectPublicKeyInfo put these bytes before the 32 of a key.
    private static let privatePrefix: [UInt8] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]
    fileprivate static let publicPrefix: [UInt8] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0]

    /// Makes a new key.
    package init() { key = Curve25519.Signing.PrivateKey() }

    /// Reads a key.
    /// - Throws: `ReceiptError.Code.invalidKey`, also when others than the file's owner may read it; `FileError.Code.notFound`.
    package init(path: String) throws {
        let bytes = try PEM.read(path, label: "PRIVATE KEY", prefix: Self.privatePrefix) { file in
            guard file.isOwnersAlone else {
                throw ReceiptError(.invalidKey, "\(path): others may read this key; chmod 600 keeps it to its owner")
            }
        }
        do {
            key = try Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
        } catch {
            throw ReceiptError(.invalidKey, "\(path): not an Ed25519 key")
        }
    }

    /// The other half.
    package var publicKey: ReceiptPublicKey { ReceiptPublicKey(key.publicKey) }

    /// 64 bytes that only this key makes.
    package func signature(of bytes: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: bytes)) }

    /// Writes the key for its owner alone, and beside it, under `.pub`, what others check receipts with.
    /// - Throws: `ReceiptError.Code.keyExists` rather than overwrite one, `FileError.Code.cannotWrite`.
    package func write(to path: String) throws {
        guard access("\(path).pub", F_OK) != 0 else {
            throw ReceiptError(.keyExists, "\(path).pub: there is a file already, and the public half of a key is not overwritten")
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST { throw ReceiptError(.keyExists, "\(path): there is a file already, and a key is not overwritten") }
            throw FileError(.cannotWrite, "\(path): \(String(cString: strerror(errno)).lowercased())")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(PEM.text(Self.privatePrefix + key.rawRepresentation, label: "PRIVATE KEY")))
            try file.synchronize()
        } catch {
            throw FileError(.cannotWrite, "\(path): the key cannot be written")
        }
        try AtomicFile.write(publicKey.pem, to: "\(path).pub", replacing: false)
    }
}

/// The key that receipts are checked with.
package struct ReceiptPublicKey: Sendable, Equatable {
    private let bytes: [UInt8]

    fileprivate init(_ key: Curve25519.Signing.PublicKey) { bytes = Array(key.rawRepresentation) }

    /// Reads a key.
    /// - Throws: `ReceiptError.Code.invalidKey`, `FileError.Code.notFound`.
    package init(path: String) throws {
        bytes = try PEM.read(path, label: "PUBLIC KEY", prefix: ReceiptKey.publicPrefix)
    }

    /// A key as ``hex`` gives it; nil when it is none.
    init?(hex: String) {
        guard let bytes = Hexadecimal.bytes(hex), bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// The key as 64 hexadecimal digits.
    package var hex: String { Hexadecimal.text(bytes) }

    var pem: [UInt8] { PEM.text(ReceiptKey.publicPrefix + bytes, label: "PUBLIC KEY") }

    /// Tells whether a signature was made with the other half of this key.
    func verifies(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: self.bytes) else { return false }
        return key.isValidSignature(signature, for: bytes)
    }
}

/// Keys as text (RFC 7468).
private enum PEM {
    /// Bytes of a file beyond which it is no key.
    private static let byteLimit = 1 << 16

    static func text(_ bytes: some Sequence<UInt8>, label: String) -> [UInt8] {
        Array("-----BEGIN \(label)-----\n\(Data(bytes).base64EncodedString())\n-----END \(label)-----\n".utf8)
    }

    /// The 32 bytes of a key.
    static func read(
        _ path: String, label: String, prefix: [UInt8], check: (PlainFile) throws -> Void = { _ in }
    ) throws -> [UInt8] {
        let file: PlainFile
        let bytes: [UInt8]
        do throws(FileError) {
            file = try PlainFile(path)
            bytes = try file.contents(limit: byteLimit)
        } catch {
            throw error.naming(path)
        }
        try check(file)
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
        guard let start = lines.firstIndex(of: "-----BEGIN \(label)-----"),
            let end = lines.firstIndex(of: "-----END \(label)-----"),
            start < end, let bytes = Data(base64Encoded: lines[(start + 1)..<end].joined()),
            bytes.count == prefix.count + 32, bytes.starts(with: prefix)
        else { throw ReceiptError(.invalidKey, "\(path): not an Ed25519 \(label.lowercased()) in PEM") }
        return Array(bytes.suffix(32))
    }
}
