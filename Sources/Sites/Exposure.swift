internal import SRTTransport
public import Secrecy

/// Exposure to a network, and how it is protected.
public struct Exposure: Sendable {
    /// The secret that both ends share; nil sends in clear.
    public var secret: Secret?
    /// Which sender may use which secret, at a receiver of many.
    public var access: AccessFile?
    /// Who this sender is.
    public var sender = StreamIdentifier.anonymous
    /// True when this end may speak in clear beyond this machine.
    public var allowsClear = false

    /// In clear, and on this machine only.
    public init() {}

    var isProtected: Bool { secret != nil || access != nil }

    /// Returns the secret that a sender of that name has to know; nil refuses it.
    func secret(for sender: String) -> Secret? { access?.secret(for: sender) ?? secret }

    /// - Throws: `SiteError.Code.exposed` where an address leads beyond this machine and nothing protects what goes there.
    func check(_ address: HostPort) throws {
        guard !isProtected, !allowsClear, !address.isLoopback else { return }
        throw SiteError(
            .exposed,
            "\(address) is not on this machine: without --secret-file everything would go in clear; give one, or --insecure")
    }
}
