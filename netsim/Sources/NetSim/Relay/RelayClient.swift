/// One client of a relay: its socket towards the server and the link it has to itself.
final class RelayClient {
    let number: Int
    let address: SocketAddress
    private(set) var upstream: UDPSocket
    var up: LinkModel<[UInt8]>
    var down: LinkModel<[UInt8]>
    var lastActivity: Duration
    /// When the server will next see this client at another port, where it does so by itself.
    var nextRebinding: Duration?

    init(
        number: Int, address: SocketAddress, target: SocketAddress, link: LinkParameters, seed: UInt64, now: Duration
    ) throws {
        self.number = number
        self.address = address
        upstream = try UDPSocket(connectedTo: target)
        up = LinkModel(link.up, heading: .up, seed: seed, client: number)
        down = LinkModel(link.down, heading: .down, seed: seed, client: number)
        lastActivity = now
    }

    var nextEventTime: Duration? { earlier(up.nextEventTime, down.nextEventTime) }

    /// Goes on at another port, as behind an address translator that has forgotten the client: what the server has sent to
    /// the old one and the relay has not taken in is lost, and what is on the link goes on.
    ///
    /// - Returns: Whether the system had a socket to give; without one the old port stays.
    func rebind(to target: SocketAddress) -> Bool {
        // The old socket is closed only when the new one is bound, so that the ports differ.
        guard let fresh = try? UDPSocket(connectedTo: target) else { return false }
        upstream = fresh
        return true
    }
}
