internal import Faults
package import SRTTransport
package import Secrecy

/// Exposure to a network, and how it is protected.
package struct Exposure: Sendable {
    /// The secret that both ends share; nil sends in clear.
    package var secret: Secret?
    /// Which sender may use which secret, at a receiver of many.
    package var access: AccessFile?
    /// Who this sender is.
    package var sender = StreamIdentifier.anonymous
    /// True when this end may speak in clear beyond this machine.
    package var allowsClear = false

    /// In clear, and on this machine only.
    package init() {}

    package var isProtected: Bool { secret != nil || access != nil }

    /// Returns the secret that a sender of that name has to know; nil refuses it.
    package func secret(for sender: String) -> Secret? { access.map { $0.secret(for: sender) } ?? secret }

    /// - Throws: `TransferError.Code.exposed` where an address leads beyond this machine and nothing protects what goes there.
    package func check(_ address: HostPort) throws {
        guard !isProtected, !allowsClear, !address.isLoopback else { return }
        throw TransferError(
            .exposed,
            "\(address) is not on this machine: without --secret-file everything would go in clear; give one, or --insecure")
    }
}
