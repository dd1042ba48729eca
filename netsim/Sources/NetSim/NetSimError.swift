public import Faults

/// Why a link, a relay or an address was refused.
///
/// Match on ``code``; show ``message``, which names the value or address at fault and what would be accepted.
public typealias NetSimError = Fault<NetSimFault>

/// The kinds of ``NetSimError``.
public enum NetSimFault: Sendable, Equatable {
    /// A rate, delay, loss, queue, name or limit outside its range, or not a number.
    case invalidParameter
    /// Text that is not `host:port` with an IP literal or `localhost`.
    case invalidAddress
    /// The system refused a socket or its address; the message carries the system's own words.
    case socket
    /// The log file could not be created or written.
    case log
    /// The relay's thread could not be started.
    case thread
    /// The kernel does not permit network namespaces or TUN devices here.
    case notPermitted
    /// A program that was to be run is not there.
    case commandNotFound
    /// A program that was to be run cannot be.
    case command
    /// A program that work is handed to is not installed, or has failed.
    case unavailable
    /// A file to be read is not there, or not to be read by this user.
    case noInput
    /// A file that is not a link's log; the message names the line.
    case invalidLog
    /// A call that does not fit the relay's state, such as starting it twice.
    case state
}
