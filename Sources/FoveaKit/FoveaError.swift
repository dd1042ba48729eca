internal import Decoding
internal import Faults
internal import Files
internal import HEVCDecoding
internal import Journal
internal import NIfTIFile
internal import ProgressiveCoding
internal import Bytes
internal import Receipts
internal import Regions
internal import SRTTransport
internal import Secrecy
internal import StreamSession
internal import StrictYAML
internal import Transfer
internal import VolumeModel

/// An error of a transfer or an archive, for a program and for a person.
public struct FoveaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of error. Raw values are the exit codes of `fovea`, by sysexits(3).
    public enum Code: Int32, Sendable, CaseIterable {
        /// The request makes no sense.
        case usage = 64
        /// An input, a file or a peer's bytes are not what they must be.
        case badData = 65
        /// An input is not there, or cannot be read.
        case noInput = 66
        /// A receiver, a port or a library is not there.
        case unavailable = 69
        /// A fault of this program.
        case internalFault = 70
        /// Something of that name is there already.
        case cannotCreate = 73
        /// A disk is full or refuses.
        case inputOutput = 74
        /// The same may succeed later.
        case tryAgain = 75
        /// The peer broke the protocol.
        case protocolViolation = 76
        /// A secret, a permission or an address forbids it.
        case notPermitted = 77
    }

    /// The kind.
    public let code: Code
    /// One sentence: the input or peer at fault, and what to do about it.
    public let message: String

    public var description: String { message }

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Nil for errors that neither a transfer nor an archive makes.
    package init?(_ error: any Error) {
        switch error {
        case let error as FoveaError: self = error
        case let error as FileError: self.init(Self.code(of: error.code), error.message)
        case let error as NIfTIError:
            if case .file(let fault) = error.code {
                self.init(Self.code(of: fault), error.message)
            } else {
                self.init(.badData, error.message)
            }
        case let error as VolumeError:
            self.init(error.code == .invalidBox ? .usage : error.code == .noRoom ? .inputOutput : .badData, error.message)
        case let error as SegmentationError: self.init(Self.code(of: error.code), error.message)
        case let error as CodingError:
            self.init(error.code == .noRoom ? .inputOutput : error.code == .usage ? .usage : .badData, error.message)
        case let error as ReceiptError: self.init(error.code == .keyExists ? .cannotCreate : .badData, error.message)
        case let error as FormatError: self.init(.badData, error.message)
        case let error as ProfileError: self.init(error.code == .notFound ? .noInput : .badData, error.message)
        case let error as SecrecyError: self.init(error.code == .notFound ? .noInput : .notPermitted, error.message)
        case let error as JournalError: self.init(.inputOutput, error.message)
        case let error as ConfinementError: self.init(error.code == .exhausted ? .tryAgain : .internalFault, error.message)
        case let error as TransportError: self.init(Self.code(of: error.code), error.message)
        case let error as SessionError: self.init(Self.code(of: error.code), error.message)
        case let error as TransferError: self.init(Self.code(of: error.code), error.message)
        case is CancellationError: self.init(.tryAgain, "stopped")
        default: return nil
        }
    }

    private static func code(of fault: FileFault) -> Code {
        switch fault {
        case .notFound, .unreadable: .noInput
        case .exhausted: .tryAgain
        case .cannotWrite, .noRoom: .inputOutput
        case .notPermitted: .notPermitted
        case .alreadyExists: .cannotCreate
        case .isInput: .usage
        case .tooLarge: .badData
        }
    }

    private static func code(of fault: SegmentationFault) -> Code {
        switch fault {
        case .runtimeMissing: .unavailable
        case .modelMissing: .noInput
        case .channelMissing: .usage
        case .shapesDiffer, .placesDiffer, .emptyMask, .invalidModel, .invalidOutput, .tooLarge: .badData
        }
    }

    private static func code(of fault: TransportFault) -> Code {
        switch fault {
        case .invalidAddress: .usage
        case .notPermitted: .notPermitted
        case .busy, .exhausted: .tryAgain
        case .optionRefused, .cannotListen, .portInUse, .cannotConnect, .closed: .unavailable
        }
    }

    private static func code(of fault: SessionFault) -> Code {
        switch fault {
        case .peerGone, .peerSilent, .cancelled, .busy: .tryAgain
        case .notPermitted: .notPermitted
        case .unreachable, .peerAborted: .unavailable
        case .undecodable: .badData
        case .protocolViolation: .protocolViolation
        case .failed: .internalFault
        }
    }

    private static func code(of fault: TransferFault) -> Code {
        switch fault {
        case .exposed: .notPermitted
        case .sessionExists, .sessionChanged: .cannotCreate
        case .limitReached, .receiptMismatch, .unusableJournal: .badData
        case .sessionBusy, .full, .cancelled: .tryAgain
        case .noSpace, .cannotWrite: .inputOutput
        }
    }
}
