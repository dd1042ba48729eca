internal import Files
internal import NIfTIFile
internal import ProgressiveCoding
internal import StreamSession
internal import WireFormat

/// The message to a receiver when its sender gives up: whose fault it is, and nothing of this machine's files and folders.
enum SenderFarewell {
    /// The user at this end reads the whole message; the far site needs to know whose fault it is.
    static func abort(_ error: any Error) -> Abort {
        guard !(error is CancellationError) else { return Abort(reason: .cancelled, message: "the sender was stopped") }
        if let error = error as? CodingError, error.isOfCoder {
            return Abort(reason: .undecodable, message: "the sender found that a chunk it had sent does not decode to its voxels")
        }
        let cause =
            switch error {
            case is NIfTIError, is FileError: "its input cannot be read"
            case is CodingError: "its input cannot be coded"
            default: "its input or its region of interest cannot be used"
            }
        return Abort(reason: .failed, message: "the sender failed: \(cause); its own message says more")
    }
}
