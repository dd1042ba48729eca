internal import NIOCore

/// Hands bytes to a client, which has to take them in time.
package struct HTTPBodyWriter: Sendable {
    let channel: any Channel
    let table: ConnectionTable
    let number: Int
    let timeout: Duration

    /// As many bytes as a client has to take within its patience, and as are copied for one that has not taken them.
    static let pieceByteCount = 64 << 10

    /// Returns when the system has taken the bytes, which it does while the client takes them.
    /// - Throws: where the client is gone, or does not read.
    package func write(_ bytes: some Collection<UInt8> & Sendable) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            table.extend(number, until: .now + timeout, isTaking: true)
            let piece = rest.prefix(Self.pieceByteCount)
            try await channel.writeAndFlush(ByteBuffer(bytes: piece))
            rest = rest.dropFirst(piece.count)
        }
        table.extend(number, until: nil)
    }
}
