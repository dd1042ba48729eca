/// A packet that a queue has dropped, as far as a log tells of it.
struct QueueDrop: Sendable {
    let time: Duration
    let cause: LinkEvent.DropCause
    let byteCount: Int
    let marks: PacketMarks

    init(_ packet: SimulatedPacket<some Sendable>, _ cause: LinkEvent.DropCause, at time: Duration) {
        self.time = time
        self.cause = cause
        byteCount = packet.byteCount
        marks = packet.marks
    }
}
