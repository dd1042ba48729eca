/// Packets in the order of their ready times, those of the same time in the order in which they were put in.
struct PacketHeap<Payload: Sendable>: Sendable {
    private struct Entry: Sendable {
        let packet: SimulatedPacket<Payload>
        let order: Int

        func isBefore(_ other: Entry) -> Bool {
            (packet.readyTime, order) < (other.packet.readyTime, other.order)
        }
    }

    /// A binary heap: the entry at `n` is before those at `2n + 1` and `2n + 2`.
    private var entries: [Entry] = []
    private var nextOrder = 0

    var first: SimulatedPacket<Payload>? { entries.first?.packet }

    mutating func insert(_ packet: SimulatedPacket<Payload>) {
        entries.append(Entry(packet: packet, order: nextOrder))
        nextOrder += 1
        var index = entries.count - 1
        while index > 0, entries[index].isBefore(entries[(index - 1) / 2]) {
            entries.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popFirst() -> SimulatedPacket<Payload>? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        guard !entries.isEmpty else { return first.packet }
        entries[0] = last
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < entries.count && entries[child].isBefore(entries[least]) { least = child }
            guard least != index else { return first.packet }
            entries.swapAt(index, least)
            index = least
        }
    }
}
