internal import Faults
internal import CSRT

/// Why a receiver lets a caller in no further.
package enum SRTRefusal: String, Sendable, CaseIterable {
    /// The caller does not know the secret, or has none.
    case wrongSecret = "wrong_secret"
    /// The caller goes by a name that is not known here.
    case unknownSender = "unknown_sender"
    /// There are as many sessions as there may be.
    case full
    /// Its address has tried too often of late, or all addresses together have.
    case flood
    /// It said nothing, and another needed its place.
    case silent

    /// The code of SRT's access control that a caller is told.
    var code: Int32 {
        switch self {
        case .wrongSecret: Int32(SRT_REJ_BADSECRET.rawValue)
        case .unknownSender: SRT_REJX_FORBIDDEN
        case .full, .flood, .silent: SRT_REJX_OVERLOAD
        }
    }
}

/// Makes a caller's error of what a listener answered.
struct SRTRejection {
    /// The reason that libsrt has for a socket that could not connect.
    let reason: Int32
    let address: HostPort
    let options: SRTOptions

    /// Nil where nobody decided anything: no answer, or one of a program that goes down.
    var error: TransportError? {
        switch reason {
        case Int32(SRT_REJ_BADSECRET.rawValue):
            TransportError(.notPermitted, "The receiver at \(address) rejected the secret. Check --secret-file on both sites.")
        case Int32(SRT_REJ_UNSECURE.rawValue) where options.passphrase != nil:
            TransportError(
                .notPermitted,
                "The receiver at \(address) has no secret, and this sender has one. Give the receiver --secret-file, or neither.")
        case Int32(SRT_REJ_UNSECURE.rawValue):
            TransportError(.notPermitted, "The receiver at \(address) requires a secret. Give --secret-file.")
        case SRT_REJX_FORBIDDEN where options.passphrase == nil:
            TransportError(
                .notPermitted,
                "The receiver at \(address) requires a secret. Give --secret-file, and --sender where it knows senders by name.")
        case SRT_REJX_FORBIDDEN:
            TransportError(
                .notPermitted,
                "The receiver at \(address) does not know this sender. Check --sender here and the access file there.")
        case SRT_REJX_OVERLOAD, Int32(SRT_REJ_BACKLOG.rawValue):
            TransportError(.busy, "The receiver at \(address) is full. Try again later.")
        default: nil
        }
    }
}
