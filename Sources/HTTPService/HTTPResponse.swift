/// An answer.
package struct HTTPResponse: Sendable {
    /// The part that follows the head.
    package enum Body: Sendable {
        /// All of it.
        case bytes([UInt8])
        /// Piece by piece, as it comes about; so many bytes, or as many as there are until the connection's end.
        case pieces(byteCount: Int?, @Sendable (HTTPBodyWriter) async throws -> Void)
    }

    /// Such as `200 OK`.
    package let status: String
    /// The media type of the body.
    package let contentType: String
    /// Other lines of the head: names and values.
    package var headers: [(name: String, value: String)]
    /// The part that follows the head.
    package let body: Body

    /// Makes an answer of bytes.
    package init(status: String = "200 OK", contentType: String, headers: [(name: String, value: String)] = [], bytes: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        body = .bytes(bytes)
    }

    /// Makes an answer of text.
    package init(
        status: String = "200 OK", contentType: String = "text/plain; charset=utf-8",
        headers: [(name: String, value: String)] = [], text: String
    ) {
        self.init(status: status, contentType: contentType, headers: headers, bytes: Array(text.utf8))
    }

    /// Makes an answer that comes about piece by piece.
    /// - Parameter byteCount: how many bytes it will be; nil ends it with the connection.
    package init(
        contentType: String, headers: [(name: String, value: String)] = [], byteCount: Int?,
        pieces: @escaping @Sendable (HTTPBodyWriter) async throws -> Void
    ) {
        status = "200 OK"
        self.contentType = contentType
        self.headers = headers
        body = .pieces(byteCount: byteCount, pieces)
    }

    static let badRequest = HTTPResponse(status: "400 Bad Request", text: "this is no request of HTTP/1\n")
    static let bodyTooLarge = HTTPResponse(status: "413 Content Too Large", text: "the request is too long\n")
    static let headTooLarge = HTTPResponse(status: "431 Request Header Fields Too Large", text: "the request is too long\n")

    static let tooManyStreams = HTTPResponse(
        status: "503 Service Unavailable", headers: [("Retry-After", "5")], text: "too many follow already\n")
    /// To a request that names another server than this one: see ``HTTPRequest/hasLiteralHost``.
    package static let misdirected = HTTPResponse(
        status: "421 Misdirected Request", text: "use this machine's address or localhost, not a name\n")

    /// Length of the body, in bytes; nil where that is not known.
    private var byteCount: Int? {
        switch body {
        case .bytes(let bytes): bytes.count
        case .pieces(let byteCount, _): byteCount
        }
    }

    /// The head's bytes.
    /// - Parameter staysOpen: whether another request may follow.
    func head(staysOpen: Bool) -> [UInt8] {
        var lines = ["HTTP/1.1 \(status)", "Cache-Control: no-store", "Connection: \(staysOpen ? "keep-alive" : "close")"]
        if let byteCount { lines.append("Content-Length: \(byteCount)") }
        lines += ["Content-Type: \(contentType)", "X-Content-Type-Options: nosniff"]
        lines += headers.map { "\($0.name): \($0.value)" }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// True when the body's end can be told without the connection's.
    var hasEnd: Bool { byteCount != nil }
}
