internal import Faults

/// An error in what a command was asked for.
typealias CommandError = Fault<CommandFault>

/// The kinds of ``CommandError``.
enum CommandFault: Sendable, Equatable {
    case usage
}
