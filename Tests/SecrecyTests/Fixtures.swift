import Foundation
import Secrecy

/// The secret and the nonces that golden bytes are made with.
enum Fixed {
    static let text = "correct horse battery staple"
    static func secret() throws -> Secret { try Secret(text: text) }
    static func senderNonce() throws -> Nonce { try nonce(0) }
    static func receiverNonce() throws -> Nonce { try nonce(16) }

    /// Sixteen bytes that count up.
    static func nonce(_ first: UInt8) throws -> Nonce {
        guard let nonce = Nonce(bytes: (0..<16).map { first + $0 }) else { throw SecrecyError(.invalidSecret, "no nonce") }
        return nonce
    }

    /// One end's seal in the second stage.
    static func seal(_ role: Role) throws -> DatagramSeal {
        DatagramSeal(secret: try secret(), role: role, senderNonce: try senderNonce(), receiverNonce: try receiverNonce())
    }

    /// One end's seal in the first stage.
    static func helloSeal(_ role: Role) throws -> DatagramSeal {
        DatagramSeal(secret: try secret(), role: role, senderNonce: try senderNonce())
    }
}

/// A folder of its own that goes with its owner.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("fovea-secrecy-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func place(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file with exactly these permissions.
    func put(_ bytes: [UInt8], _ name: String = "file", mode: Int = 0o600) throws -> String {
        let path = place(name)
        try? FileManager.default.removeItem(atPath: path)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: NSNumber(value: mode)], ofItemAtPath: path)
        return path
    }

    func put(_ text: String, mode: Int = 0o600) throws -> String { try put(Array(text.utf8), mode: mode) }
}

/// What something is refused with; nil when it is not.
func refusal(_ body: () throws(SecrecyError) -> Void) -> SecrecyError? {
    do throws(SecrecyError) {
        try body()
        return nil
    } catch {
        return error
    }
}

/// The bytes that hexadecimal digits stand for; spaces do not count.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { $0 != " " }.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}
