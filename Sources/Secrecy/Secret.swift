internal import Bytes
internal import Faults
internal import Crypto

/// The secret that two sites share and nobody else has: everything that keeps a session to them is derived from it. Never printed.
///
/// A secret is one line of text. It should be random (`openssl rand -base64 32`): whoever records a session can try one secret
/// after the other on it, and a word or a date does not last long.
package struct Secret: Sendable, CustomStringConvertible, CustomReflectable {
    let key: SymmetricKey

    /// Bytes of a secret's file at most.
    static let byteLimit = 4096
    /// Characters of a secret at least.
    static let minCharacterCount = 16

    /// Reads a secret from a file of its own, which must be one that nobody but its owner can read.
    /// - Throws: `SecrecyError` with code `notFound`, `notPermitted`, `unreadable` (also what is no regular file), `exposed`
    ///   (group or others have any permission, or neither this user nor root owns it) or `invalidSecret` (over 4 KiB, or as in
    ///   ``init(text:)``).
    package init(path: String) throws(SecrecyError) {
        let bytes = try SecretFile.read(path, limit: Self.byteLimit, tooLarge: .invalidSecret)
        try self.init(bytes[...], place: path, code: .invalidSecret)
    }

    /// Takes a text as a secret; space around it does not count.
    /// - Throws: `SecrecyError.Code.invalidSecret` when it has fewer than 16 characters, over 4096 bytes, or is not one line.
    package init(text: String) throws(SecrecyError) {
        try self.init(Array(text.utf8)[...], place: "the secret", code: .invalidSecret)
    }

    init(_ bytes: ArraySlice<UInt8>, place: String, code: SecrecyError.Code) throws(SecrecyError) {
        let line = bytes.trimmed
        guard line.count <= Self.byteLimit else { throw SecrecyError(code, "\(place): more than \(Self.byteLimit) bytes") }
        // One line, so that what a file of its own can hold an access file can hold too.
        guard let text = String(validating: line, as: UTF8.self), !line.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            throw SecrecyError(code, "\(place): a secret is one line of text")
        }
        guard text.count >= Self.minCharacterCount else {
            throw SecrecyError(code, "\(place): a secret has \(Self.minCharacterCount) characters or more")
        }
        key = SymmetricKey(data: Array(line))
    }

    /// 64 hexadecimal digits for SRT's encryption (which takes 10 to 79 characters): HKDF-SHA256 of the secret.
    package var transportPassphrase: String {
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, info: Array("fovea srt passphrase 1".utf8), outputByteCount: 32)
        return derived.withUnsafeBytes { Hexadecimal.text($0) }
    }

    package var description: String { "Secret(...)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
