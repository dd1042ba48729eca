package import Faults

/// An error in a receipt, or in a key that signs or checks one.
package typealias ReceiptError = Fault<ReceiptFault>

/// The kinds of ``ReceiptError``.
package enum ReceiptFault: Sendable, Equatable {
    case invalidKey, keyExists
    /// A signature is wrong, missing or another key's, or a file is not what the receipt says.
    case mismatch
}
