package import Faults

/// A fault in the laboratory beyond what its parts report.
package typealias ExperimentError = Fault<ExperimentFault>

/// The kinds of ``ExperimentError``.
package enum ExperimentFault: Sendable, Equatable {
    case usage, cannotWrite, invalidResults, figureFailed, transferFailed, simulationFailed
}
