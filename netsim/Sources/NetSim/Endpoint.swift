/// One of the two ends of a link.
public enum Endpoint: Sendable, Hashable, CaseIterable {
    /// The end that connects; it sends up.
    case client
    /// The end that is connected to; it sends down.
    case server

    /// The direction in which this end sends.
    public var outgoing: Heading { self == .client ? .up : .down }

    /// The other end.
    public var peer: Endpoint { self == .client ? .server : .client }
}

extension Heading {
    /// The end that packets going this way reach.
    var destination: Endpoint { self == .up ? .server : .client }
}

/// A payload that has reached an end.
public struct Delivery: Sendable, Equatable {
    /// The end it has reached.
    public let endpoint: Endpoint
    /// The bytes as they were sent, but for a bit that the link may have flipped.
    public let payload: [UInt8]
    /// When it got there.
    public let time: Duration

    /// Creates a delivery.
    public init(endpoint: Endpoint, payload: [UInt8], time: Duration) {
        self.endpoint = endpoint
        self.payload = payload
        self.time = time
    }
}
