internal import HTTPService

/// Serves a store over HTTP: `GET /metrics` for Prometheus, `GET /metrics.json`, and nothing else.
///
/// Whoever reaches the port may read, and no more; a page of another site may not, whatever browser it is open in.
package struct MetricsServer: Sendable {
    private let server: HTTPServer

    /// Prepares a server.
    /// - Parameters:
    ///   - store: what it shows.
    ///   - host: an IPv4 or IPv6 address without brackets, or `localhost`, which is 127.0.0.1.
    ///   - port: 0 lets the system choose.
    ///   - patience: the longest a request may take to come whole, and an answer's next part to be taken; 0.1 s to an hour.
    ///   - connectionLimit: how many connections may be open, 1 at least; one more takes the oldest one's place.
    package init(
        store: MetricsStore, host: String, port: UInt16, timeout: Duration = .seconds(5), connectionLimit: Int = 32
    ) {
        var limits = HTTPServer.Limits()
        limits.timeout = timeout
        limits.connectionCount = connectionLimit
        server = HTTPServer("metrics", host: host, port: port, limits: limits) { Self.answer($0, from: store) }
    }

    /// Serves until the task is cancelled, and returns then.
    /// - Parameter onListening: called once with the port, as soon as connections are taken.
    /// - Throws: `HTTPServiceError`: `invalidAddress` where the host is no address, `cannotListen` where the port cannot be had, or
    ///   the system fails later.
    package func run(onListening: @Sendable (UInt16) -> Void) async throws {
        try await server.run(onListening: onListening)
    }

    /// Returns a store's answer to a request.
    private static func answer(_ request: HTTPRequest, from store: MetricsStore) -> HTTPResponse {
        guard request.hasLiteralHost else { return .misdirected }
        return switch (request.method, request.path) {
        case ("GET", "/metrics"), ("HEAD", "/metrics"):
            HTTPResponse(contentType: "text/plain; version=0.0.4; charset=utf-8", text: store.prometheus())
        case ("GET", "/metrics.json"), ("HEAD", "/metrics.json"):
            HTTPResponse(contentType: "application/json", text: store.json() + "\n")
        default: HTTPResponse(status: "404 Not Found", text: "here are /metrics and /metrics.json\n")
        }
    }
}
