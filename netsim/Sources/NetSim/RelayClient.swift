/// One client of a relay: its socket towards the server and the link it has to itself.
final class RelayClient {
    let number: Int
    let address: SocketAddress
    let upstream: UDPSocket
    var up: LinkModel<[UInt8]>
    var down: LinkModel<[UInt8]>
    var lastActivity: Duration

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
}
