import Faults
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

/// The error with which something is refused; nil when it is not.
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
