internal import Bytes
internal import Faults
internal import Files
internal import Transfer
internal import Decoding
internal import DecoderHost
internal import Journal
internal import NIfTIFile
internal import ProgressiveCoding
internal import StreamSession
internal import WireFormat

/// The message to a sender when its receiver gives up: why, and nothing of this machine's files and folders.
enum ReceiverFarewell {
    /// The reason and a sentence for an error.
    static func abort(_ error: any Error, isRestarting: Bool) -> Abort {
        let reason: Abort.Reason =
            switch error {
            case is CancellationError: isRestarting ? .restarting : .cancelled
            case let error as TransferError where error.code == .full: .full
            case let error as TransferError where error.code == .noSpace: .failed
            case let error as ConfinementError where error.code == .exhausted: .full
            case is NIfTIError, is FileError, is JournalError, is ConfinementError: .failed
            case let error as CodingError where error.isOfCoder: .undecodable
            default: .refused
            }
        return Abort(reason: reason, message: sentence(error))
    }

    private static func sentence(_ error: any Error) -> String {
        switch error {
        case is CancellationError: "the receiver was stopped; go on later with the same --session"
        case let error as JournalError where error.code == .noSpace: "the receiver's disk is full"
        case let error as JournalError where error.code == .notPermitted:
            "the receiver may not write its journal: is its disk read-only?"
        case let error as JournalError where error.code == .notFound: "the receiver's journal was removed while it was written"
        case is JournalError: "the receiver cannot keep its journal; its own message says more"
        case is NIfTIError, is FileError: "the receiver cannot write its files; its own message says more"
        case let error as TransferError where error.code == .receiptMismatch:
            "what the receiver reads back from its disk is not what it wrote; its own message says more"
        case let error as TransferError where error.code == .unusableJournal:
            "what the receiver had of the session is unusable and set aside; send it anew, or under another --session"
        case let error as ConfinementError where error.code == .exhausted:
            "the receiver has too many processes or open files; try again later"
        // These speak of the session and of what came over the link.
        case is TransferError, is CodingError, is FormatError, is SessionError: "\(error)"
        default: "the receiver failed; its own message says more"
        }
    }
}
