internal import FlyingSocks

/// Takes one request after another from a connection.
struct HTTPRequestReader {
    enum Reading {
        case request(HTTPRequest)
        /// The answer to send, and then no more.
        case refused(HTTPResponse)
    }

    let socket: AsyncSocket
    let bodyByteLimit: Int
    /// The bytes that came after the last request.
    private var bytes: [UInt8] = []

    init(socket: AsyncSocket, bodyByteLimit: Int) {
        self.socket = socket
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
            bytes += try await socket.read(atMost: 4096)
            end = HTTPRequest.headEnd(bytes, from: start)
        }
        guard let end, var request = HTTPRequest(parsing: bytes[..<end]), let byteCount = request.bodyByteCount else {
            return .refused(.badRequest)
        }
        guard byteCount <= bodyByteLimit else { return .refused(.bodyTooLarge) }
        while bytes.count < end + byteCount { bytes += try await socket.read(atMost: 4096) }
        request.body = Array(bytes[end..<end + byteCount])
        bytes.removeFirst(end + byteCount)
        return .request(request)
    }
}
