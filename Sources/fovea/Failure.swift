internal import Experiments
internal import Faults
internal import FoveaKit
internal import HTTPService
internal import LiveView
internal import NetSim
internal import Phantom

/// The report of a failed command to the shell and the person: a sysexits code and one line.
struct Failure {
    let code: Int32
    let message: String

    /// Nil for errors of the argument parser, which knows itself what to say.
    init?(_ error: any Error) {
        let code: FoveaError.Code
        switch error {
        case let error as CommandError: (message, code) = (error.message, .usage)
        case let error as PhantomError: (message, code) = (error.message, .usage)
        case let error as NetSimError: (message, code) = (error.message, .unavailable)
        case let error as HTTPServiceError where error.code == .invalidCertificate: (message, code) = (error.message, .badData)
        case let error as HTTPServiceError: (message, code) = (error.message, .unavailable)
        case let error as LiveViewError: (message, code) = (error.message, .unavailable)
        case let error as ExperimentError: (message, code) = (error.message, Self.code(of: error.code))
        default:
            guard let error = FoveaError(error) else { return nil }
            (message, code) = (error.message, error.code)
        }
        self.code = code.rawValue
    }

    private static func code(of fault: ExperimentFault) -> FoveaError.Code {
        switch fault {
        case .usage: .usage
        case .cannotWrite: .inputOutput
        case .invalidResults: .badData
        case .figureFailed: .unavailable
        case .transferFailed, .simulationFailed: .internalFault
        }
    }
}
