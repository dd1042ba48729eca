internal import NIOCore

/// Takes one request after another from a connection.
struct HTTPRequestReader {
    enum Reading {
        case request(HTTPRequest)
        /// The answer to send, and then no more.
        case refused(HTTPResponse)
    }

    /// The client is gone.
    struct Gone: Error {}

    private var incoming: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let bodyByteLimit: Int
    /// The bytes that came after the last request.
    private var bytes: [UInt8] = []

    init(_ incoming: NIOAsyncChannelInboundStream<ByteBuffer>, bodyByteLimit: Int) {
        self.incoming = incoming.makeAsyncIterator()
        self.bodyByteLimit = bodyByteLimit
    }

    /// The next request, once it is whole.
    /// - Throws: where the client is gone.
    mutating func next() async throws -> Reading {
        var start = 0
        var end = HTTPRequest.headEnd(bytes, from: start)
        while end == nil {
            guard bytes.count < HTTPRequest.headByteLimit else { return .refused(.headTooLarge) }
            start = bytes.count
            bytes += try await more()
            end = HTTPRequest.headEnd(bytes, from: start)
        }
        guard let end, var request = HTTPRequest(parsing: bytes[..<end]), let byteCount = request.bodyByteCount else {
            return .refused(.badRequest)
        }
        guard byteCount <= bodyByteLimit else { return .refused(.bodyTooLarge) }
        while bytes.count < end + byteCount { bytes += try await more() }
        request.body = Array(bytes[end..<end + byteCount])
        bytes.removeFirst(end + byteCount)
        return .request(request)
    }

    /// Reads on without looking at what comes, until the client ends or so many bytes have come.
    mutating func hearOut(atMost byteLimit: Int) async throws {
        var count = 0
        while count < byteLimit { count += try await more().count }
    }

    private mutating func more() async throws -> [UInt8] {
        guard let buffer = try await incoming.next() else { throw Gone() }
        return Array(buffer.readableBytesView)
    }
}
