internal import Bytes
internal import Faults
internal import Files
internal import Receipts
internal import Regions
internal import Transfer
internal import Decoding
internal import StrictYAML
internal import DecoderHost
internal import Experiments
internal import Glibc
internal import HEVCCodec
internal import HTTPService
internal import Journal
internal import LiveView
internal import NIfTIFile
internal import NetSim
internal import Phantom
internal import Profiles
internal import ProgressiveCoding
internal import SRTTransport
internal import Secrecy
internal import StreamSession
internal import VolumeModel
internal import WireFormat

/// The report of a failed command to the shell and the person: a sysexits code and one line.
struct Failure {
    let code: Int32
    let message: String

    private static let usage: Int32 = 64
    private static let badData: Int32 = 65
    private static let noInput: Int32 = 66
    private static let unavailable: Int32 = 69
    private static let internalFault: Int32 = 70
    private static let cannotCreate: Int32 = 73
    private static let inputOutput: Int32 = 74
    private static let tryAgain: Int32 = 75
    private static let violation: Int32 = 76
    private static let notPermitted: Int32 = 77

    /// Nil for errors of the argument parser, which knows itself what to say.
    init?(_ error: any Error) {
        switch error {
        case let error as FileError: (message, code) = (error.message, Self.code(of: error.code))
        case let error as NIfTIError:
            message = error.message
            if case .file(let fault) = error.code { code = Self.code(of: fault) } else { code = Self.badData }
        case let error as VolumeError:
            message = error.message
            code = error.code == .invalidBox ? Self.usage : error.code == .noRoom ? Self.inputOutput : Self.badData
        case let error as SegmentationError:
            message = error.message
            switch error.code {
            case .runtimeMissing: code = Self.unavailable
            case .modelMissing: code = Self.noInput
            case .channelMissing: code = Self.usage
            case .shapesDiffer, .placesDiffer, .emptyMask, .invalidModel, .invalidOutput, .tooLarge: code = Self.badData
            }
        case let error as CodingError:
            message = error.message
            code = error.code == .noRoom ? Self.inputOutput : error.code == .usage ? Self.usage : Self.badData
        case let error as CommandError: (message, code) = (error.message, Self.usage)
        case let error as ReceiptError:
            (message, code) = (error.message, error.code == .keyExists ? Self.cannotCreate : Self.badData)
        case let error as FormatError: (message, code) = (error.message, Self.badData)
        case let error as PhantomError: (message, code) = (error.message, Self.usage)
        case let error as ProfileError: (message, code) = (error.message, error.code == .notFound ? Self.noInput : Self.badData)
        case is CancellationError: (message, code) = ("stopped", Self.tryAgain)
        default:
            guard let failure = Self.ofTransfer(error) else { return nil }
            self = failure
        }
    }

    private static func code(of fault: FileFault) -> Int32 {
        switch fault {
        case .notFound, .unreadable: noInput
        case .exhausted: tryAgain
        case .cannotWrite, .noRoom: inputOutput
        case .notPermitted: notPermitted
        case .alreadyExists: cannotCreate
        case .tooLarge: badData
        }
    }

    private init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    /// Nil for errors that no module for transfers or experiments throws.
    private static func ofTransfer(_ error: any Error) -> Failure? {
        let (code, message): (Int32, String)
        switch error {
        case let error as NetSimError: (message, code) = (error.message, unavailable)
        case let error as SecrecyError:
            message = error.message
            code = error.code == .notFound ? noInput : notPermitted
        case let error as JournalError: (message, code) = (error.message, inputOutput)
        case let error as HTTPServiceError: (message, code) = (error.message, unavailable)
        case let error as LiveViewError: (message, code) = (error.message, unavailable)
        case let error as ConfinementError:
            message = error.message
            code = error.code == .exhausted ? tryAgain : internalFault
        case let error as TransportError:
            message = error.message
            switch error.code {
            case .invalidAddress: code = usage
            case .notPermitted: code = notPermitted
            case .busy, .exhausted: code = tryAgain
            case .optionRefused, .cannotListen, .portInUse, .cannotConnect, .closed: code = unavailable
            }
        case let error as SessionError:
            message = error.message
            switch error.code {
            case .peerGone, .peerSilent, .cancelled, .busy: code = tryAgain
            case .notPermitted: code = notPermitted
            case .unreachable, .peerAborted: code = unavailable
            case .undecodable: code = badData
            case .protocolViolation: code = violation
            case .failed: code = internalFault
            }
        case let error as TransferError:
            message = error.message
            switch error.code {
            case .exposed: code = notPermitted
            case .sessionExists, .sessionChanged: code = cannotCreate
            case .limitReached: code = badData
            case .sessionBusy, .full: code = tryAgain
            case .noSpace, .cannotWrite: code = inputOutput
            case .receiptMismatch, .unusableJournal: code = badData
            case .cancelled: code = tryAgain
            }
        case let error as ExperimentError:
            message = error.message
            switch error.code {
            case .usage: code = usage
            case .cannotWrite: code = inputOutput
            case .invalidResults: code = badData
            case .figureFailed: code = unavailable
            case .transferFailed, .simulationFailed: code = internalFault
            }
        default: return nil
        }
        return Failure(code: code, message: message)
    }
}
