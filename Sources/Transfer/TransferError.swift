package import Faults

/// An error of a transfer beyond those that its parts report.
package typealias TransferError = Fault<TransferFault>

/// The kinds of ``TransferError``.
package enum TransferFault: Sendable, Equatable {
    case sessionExists, sessionBusy, limitReached, receiptMismatch, cancelled, unusableJournal
    /// An address leads beyond this machine, and nothing protects what goes there.
    case exposed
    /// There are as many sessions as there may be.
    case full
    /// There is less room on the disk than what was announced needs.
    case noSpace
    /// Files cannot be written where they are to go.
    case cannotWrite
    /// A session was completed, and its files are gone or changed since.
    case sessionChanged
}
