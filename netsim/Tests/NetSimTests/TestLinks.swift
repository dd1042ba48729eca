import NetSim

/// Shorthand for the links these tests need; the values are within range unless a test says otherwise.
func makeDirection(
    rate: Double = 10e6, delay: Duration = .milliseconds(25), loss: Double = 0, queue: Int = 200_000
) throws -> LinkDirection {
    try LinkDirection(rateBitsPerSecond: rate, delay: delay, lossProbability: loss, queueByteCount: queue)
}

func makeLink(
    _ name: String = "test", rate: Double = 10e6, delay: Duration = .milliseconds(25), loss: Double = 0,
    queue: Int = 200_000
) throws -> LinkParameters {
    let direction = try makeDirection(rate: rate, delay: delay, loss: loss, queue: queue)
    return try LinkParameters(name: name, up: direction, down: direction)
}

/// Lets a pair run until nothing more is due by `deadline`.
func drain(_ pair: inout SimulatedPair, until deadline: Duration) -> [Delivery] {
    var deliveries: [Delivery] = []
    while let next = pair.nextEventTime, next <= deadline { deliveries += pair.advance(to: next) }
    return deliveries + pair.advance(to: deadline)
}

/// A payload that carries its number.
func numbered(_ number: Int, byteCount: Int = 1000) -> [UInt8] {
    var payload = (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    payload += [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: max(0, byteCount - 4))
    return payload
}

func number(of payload: [UInt8]) -> Int {
    payload.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
}
