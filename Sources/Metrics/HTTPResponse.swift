/// An answer, after which the connection ends.
struct HTTPResponse: Sendable, Equatable {
    let status: String
    var contentType = "text/plain; charset=utf-8"
    let body: String
    /// Whether to send the head alone, which says how long the body would be.
    var isHeadOnly = false

    static let badRequest = HTTPResponse(status: "400 Bad Request", body: "this is no request of HTTP/1\n")
    static let notFound = HTTPResponse(status: "404 Not Found", body: "here are /metrics and /metrics.json\n")
    static let headTooLarge = HTTPResponse(status: "431 Request Header Fields Too Large", body: "the request is too long\n")

    /// What a board has to say to a request.
    init(to head: HTTPRequestHead?, from board: MetricsBoard) {
        guard let head else {
            self = .badRequest
            return
        }
        switch (head.method, head.path) {
        case ("GET", "/metrics"), ("HEAD", "/metrics"):
            self.init(status: "200 OK", contentType: "text/plain; version=0.0.4; charset=utf-8", body: board.prometheus())
        case ("GET", "/metrics.json"), ("HEAD", "/metrics.json"):
            self.init(status: "200 OK", contentType: "application/json", body: board.json() + "\n")
        default: self = .notFound
        }
        isHeadOnly = head.method == "HEAD"
    }

    private init(status: String, contentType: String = "text/plain; charset=utf-8", body: String) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// The bytes to send.
    var bytes: [UInt8] {
        let head = [
            "HTTP/1.1 \(status)", "Cache-Control: no-store", "Connection: close", "Content-Length: \(body.utf8.count)",
            "Content-Type: \(contentType)", "X-Content-Type-Options: nosniff",
        ]
        return Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (isHeadOnly ? [] : Array(body.utf8))
    }
}
