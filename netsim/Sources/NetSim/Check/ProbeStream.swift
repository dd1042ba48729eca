internal import Faults
internal import CNetSim
import Glibc

/// One stream of numbered datagrams over loopback and through a relay, in one direction.
struct ProbeStream {
    struct Arrival {
        let number: Int
        let byteCount: Int
        /// When the system had the datagram, on the relay's clock: whenever it is looked for.
        let time: Duration
    }

    /// When each datagram was handed to the system, by number, on the relay's clock.
    private(set) var sent: [Duration] = []
    private(set) var arrivals: [Arrival] = []
    /// The relay's log of the direction.
    private(set) var events: [LinkEvent] = []

    /// The plan of a stream; sizes are those of IP packets.
    struct Plan {
        let byteCount: Int
        let interval: Duration
        let duration: Duration
        /// True to wait, once all is sent, for what is on its way.
        let isComplete: Bool
    }

    /// Departures in the order in which the relay sent them, which loopback keeps.
    var departures: [LinkEvent] {
        events.filter {
            if case .departure = $0.kind { true } else { false }
        }
    }

    /// Sends the stream and takes it in.
    init(_ plan: Plan, over link: LinkParameters, heading: Heading, seed: UInt64) throws {
        let log = "/tmp/netsim-check-\(getpid())-\(UInt64.random(in: 0 ... .max)).log"
        defer { unlink(log) }
        let loopback = try HostPort("127.0.0.1:0")
        guard let address = SocketAddress(host: loopback.host, port: 0) else { return }
        let server = try UDPSocket(boundTo: address, name: "a port of loopback")
        let relay = try UDPRelay(
            listen: loopback, to: HostPort(host: loopback.host, port: server.localPort),
            link: Self.link(link, only: heading), seed: seed, log: log)
        try relay.start()
        defer { relay.stop() }
        guard let relayAddress = SocketAddress(host: loopback.host, port: relay.boundPort) else { return }
        let client = try UDPSocket(connectedTo: relayAddress)
        let receiver = heading == .up ? server : client
        guard netsim_stamp_arrivals(receiver.descriptor) == 0 else {
            throw NetSimError.system(.socket, "the system does not stamp datagrams")
        }
        _ = netsim_set_timer_slack(1)
        var send: ([UInt8]) -> Bool = client.send
        if heading == .down {
            let clientAddress = try Self.greet(from: client, to: server)
            send = { server.send($0, to: clientAddress) }
        }
        while relay.startTime == nil { usleep(100) }
        let start = relay.startTime ?? .zero
        var inbox = Inbox(receiver)
        try stream(plan, start: start, send: send, inbox: &inbox) { heading == .up ? relay.counters.up : relay.counters.down }
        relay.stop()
        // Loopback hands a datagram over before the call that sends it returns.
        inbox.take(into: &arrivals, start: start)
        if let failure = relay.counters.logFailure { throw failure }
        try LinkLogReader(path: log).forEachEvent { if $0.heading == heading { events.append($0) } }
    }

    private mutating func stream(
        _ plan: Plan, start: Duration, send: ([UInt8]) -> Bool, inbox: inout Inbox, counters: () -> LinkCounters
    ) throws {
        var payload = [UInt8](repeating: 0x5A, count: plan.byteCount - WireOverhead.udpByteCount)
        var generator = SeededGenerator(seed: 0)
        let first = LoopClock.now() + .milliseconds(2)
        var next = first
        while next < first + plan.duration {
            Self.sleep(until: next)
            // Behind time it catches up by several at once, of which the system's buffers hold enough.
            repeat {
                ProbeNumber.write(sent.count, to: &payload)
                sent.append(LoopClock.now() - start)
                guard send(payload) else { throw NetSimError.system(.socket, "the system does not take datagrams") }
                // Where few are sent, they must not come in step with a tick of anything.
                next += plan.isComplete ? plan.interval * (0.5 + generator.nextUniform()) : plan.interval
            } while next <= LoopClock.now() && sent.count % 32 != 0
            inbox.take(into: &arrivals, start: start)
        }
        let limit = LoopClock.now() + .seconds(plan.isComplete ? 70 : 0)
        while LoopClock.now() < limit {
            let counters = counters()
            if counters.arrivedPacketCount >= sent.count,
                counters.departedPacketCount + counters.droppedPacketCount >= counters.arrivedPacketCount
            {
                break
            }
            usleep(2000)
            inbox.take(into: &arrivals, start: start)
        }
    }

    /// The link with its other direction out of the way.
    private static func link(_ link: LinkParameters, only heading: Heading) throws -> LinkParameters {
        let open = try LinkDirection(rateBitsPerSecond: 10e9, delay: .zero, queueByteCount: 1 << 24)
        return try LinkParameters(
            name: link.name, up: heading == .up ? link.up : open, down: heading == .down ? link.down : open)
    }

    /// Lets the server know where the client is to be found.
    private static func greet(from client: UDPSocket, to server: UDPSocket) throws -> SocketAddress {
        var scratch = [UInt8](repeating: 0, count: 64)
        for _ in 0..<1000 {
            _ = client.send([0])
            usleep(2000)
            if let (_, address) = server.receive(using: &scratch) { return address }
        }
        throw NetSimError(.socket, "loopback does not carry datagrams")
    }

    private static func sleep(until time: Duration) {
        let nanoseconds = (time - LoopClock.now()).wholeNanoseconds
        if nanoseconds > 0 { netsim_sleep(nanoseconds) }
    }
}

/// Takes datagrams with their stamps, many a call.
private struct Inbox {
    private static let slotByteCount = 2048
    private static let slotCount = 64

    private let socket: UDPSocket
    private var buffer = [UInt8](repeating: 0, count: slotByteCount * slotCount)
    private var sizes = [UInt32](repeating: 0, count: slotCount)
    private var stamps = [Int64](repeating: 0, count: slotCount)

    init(_ socket: UDPSocket) { self.socket = socket }

    mutating func take(into arrivals: inout [ProbeStream.Arrival], start: Duration) {
        let offset = LoopClock.offsetFromTimeOfDay() - start
        while true {
            let count = Int(
                netsim_receive_stamped(
                    socket.descriptor, &buffer, Self.slotByteCount, Int32(Self.slotCount), &sizes, &stamps))
            for index in 0..<max(0, count) {
                let slot = index * Self.slotByteCount
                arrivals.append(
                    ProbeStream.Arrival(
                        number: ProbeNumber.read(buffer[slot..<(slot + Self.slotByteCount)]),
                        byteCount: Int(sizes[index]) + WireOverhead.udpByteCount,
                        time: .nanoseconds(stamps[index]) + offset))
            }
            if count < Self.slotCount { return }
        }
    }
}

/// A datagram's number, which it carries three times: a link may flip a bit of what it delivers, and that is no loss.
private enum ProbeNumber {
    private static let byteCount = 8

    /// - Parameter payload: At least 24 bytes.
    static func write(_ number: Int, to payload: inout [UInt8]) {
        for place in 0..<(3 * byteCount) {
            payload[place] = UInt8(truncatingIfNeeded: number >> (place % byteCount * 8))
        }
    }

    /// Returns the number that two of the three copies say, bit by bit.
    static func read(_ payload: ArraySlice<UInt8>) -> Int {
        let copies = (0..<3).map { copy in
            (0..<byteCount).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(payload[payload.startIndex + copy * byteCount + $1]) }
        }
        return Int(truncatingIfNeeded: copies[0] & copies[1] | copies[1] & copies[2] | copies[0] & copies[2])
    }
}
