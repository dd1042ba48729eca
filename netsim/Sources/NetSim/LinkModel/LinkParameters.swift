internal import Faults

/// Which way a packet goes over a link.
public enum Heading: String, Sendable, CaseIterable {
    /// From the connecting client to the server.
    case up
    /// From the server to the client.
    case down
}

/// A named link: both its directions.
public struct LinkParameters: Sendable, Equatable {
    /// The longest name accepted, in UTF-8 bytes.
    public static let maximumNameByteCount = 200

    /// Name of the link in logs and tables.
    public let name: String
    /// From the connecting client to the server.
    public let up: LinkDirection
    /// From the server to the client.
    public let down: LinkDirection

    /// Creates a link.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter` when the name is empty, longer than
    ///   ``maximumNameByteCount`` or would break a log's line, as a line feed would.
    public init(name: String, up: LinkDirection, down: LinkDirection) throws {
        guard !name.isEmpty, name.utf8.count <= Self.maximumNameByteCount else {
            throw NetSimError(
                .invalidParameter, "a link's name must have 1 to \(Self.maximumNameByteCount) bytes, not \(name.utf8.count)")
        }
        guard name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw NetSimError(.invalidParameter, "a link's name must not contain control characters")
        }
        self.name = name
        self.up = up
        self.down = down
    }

    /// The direction a packet with the given heading passes through.
    public subscript(heading: Heading) -> LinkDirection {
        switch heading {
        case .up: up
        case .down: down
        }
    }
}
