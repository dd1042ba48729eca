/// A first-in, first-out queue with constant-time ends and access by position from the front.
struct RingBuffer<Element: Sendable>: Sendable {
    private var slots: [Element?] = []
    private var head = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    var first: Element? { isEmpty ? nil : slots[head] }

    /// The element `offset` places behind the first, or `nil` where there is none.
    subscript(offset: Int) -> Element? {
        get {
            guard offset >= 0, offset < count else { return nil }
            return slots[slot(offset)]
        }
        set {
            guard offset >= 0, offset < count, let newValue else { return }
            slots[slot(offset)] = newValue
        }
    }

    mutating func append(_ element: Element) {
        if count == slots.count { grow() }
        slots[slot(count)] = element
        count += 1
    }

    @discardableResult
    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = slots[head]
        slots[head] = nil
        head = slot(1)
        count -= 1
        return element
    }

    /// Takes out the element `offset` places behind the first, in time proportional to `offset`; `nil` where there is none.
    @discardableResult
    mutating func remove(at offset: Int) -> Element? {
        guard let element = self[offset] else { return nil }
        for place in stride(from: offset, to: 0, by: -1) { slots[slot(place)] = slots[slot(place - 1)] }
        popFirst()
        return element
    }

    /// Changes the element `offset` places behind the first, where there is one.
    mutating func modify(_ offset: Int, _ change: (inout Element) -> Void) {
        guard offset >= 0, offset < count, var element = slots[slot(offset)] else { return }
        change(&element)
        slots[slot(offset)] = element
    }

    /// The capacity is a power of two, so that wrapping around is a mask.
    private func slot(_ offset: Int) -> Int { (head + offset) & (slots.count - 1) }

    private mutating func grow() {
        var larger: [Element?] = []
        larger.reserveCapacity(max(8, slots.count * 2))
        for offset in 0..<count { larger.append(slots[slot(offset)]) }
        larger.append(contentsOf: repeatElement(nil, count: max(8, slots.count * 2) - count))
        slots = larger
        head = 0
    }
}

// A packet is copied with all it holds, its payload's reference too, where only its time or size is asked for.
extension RingBuffer {
    /// The ready time of the packet `offset` places behind the first, or `nil` where there is none.
    func readyTime<Payload>(at offset: Int = 0) -> Duration? where Element == SimulatedPacket<Payload> {
        offset >= 0 && offset < count ? slots[slot(offset)]?.readyTime : nil
    }

    /// The size of the packet `offset` places behind the first, 0 where there is none.
    func byteCount<Payload>(at offset: Int) -> Int where Element == SimulatedPacket<Payload> {
        offset >= 0 && offset < count ? slots[slot(offset)]?.byteCount ?? 0 : 0
    }
}
