internal import FlyingSocks
internal import Foundation

/// Serves a board over HTTP: `GET /metrics` for Prometheus, `GET /metrics.json`, and nothing else.
///
/// Whoever reaches the port may read, and no more. A connection has one request, whose head is bounded, and its time is bounded;
/// so is the number of connections. FlyingFox's own server (0.27.1) bounds none of these: its timeout is the handler's alone, and
/// a head without a line's end takes it time that grows with the square of the length, on the threads that sessions run on. So
/// only its sockets are used.
public struct MetricsServer: Sendable {
    private let board: MetricsBoard
    private let host: String
    private let port: UInt16
    private let patience: Duration
    private let connectionLimit: Int

    /// Prepares a server.
    /// - Parameters:
    ///   - host: an IPv4 or IPv6 address without brackets, or `localhost`, which is 127.0.0.1.
    ///   - port: 0 lets the system choose.
    ///   - patience: the longest a connection lasts, from its first moment to its last; 0.1 s to an hour.
    ///   - connectionLimit: how many connections may be open, 1 at least; one more takes the oldest one's place.
    public init(
        board: MetricsBoard, host: String, port: UInt16, patience: Duration = .seconds(5), connectionLimit: Int = 32
    ) {
        self.board = board
        self.host = host
        self.port = port
        self.patience = min(max(patience, .milliseconds(100)), .seconds(3600))
        self.connectionLimit = connectionLimit
    }

    /// Serves until the task is cancelled, and returns then.
    /// - Parameter onListening: called once with the port, as soon as connections are taken.
    /// - Throws: `MetricsError`: `invalidAddress` where the host is no address, `cannotListen` where the port cannot be had, or
    ///   the system fails later.
    public func run(onListening: @Sendable (UInt16) -> Void) async throws {
        let (listener, port) = try ListenAddress(host: host, port: self.port).listen()
        defer { try? listener.close() }
        do {
            let pool = SocketPool.ePoll()
            try await pool.prepare()
            let acceptor = try AsyncSocket(socket: listener, pool: pool)
            onListening(port)
            try await serve(acceptor, pool)
        } catch {
            if Task.isCancelled { return }
            throw MetricsError(.cannotListen, "metrics can no longer be served: \(error)")
        }
    }

    private func serve(_ acceptor: AsyncSocket, _ pool: some AsyncSocketPool) async throws {
        let table = ConnectionTable(limit: connectionLimit)
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await pool.run() }
            group.addTask {
                while true {
                    try await Task.sleep(for: patience / 10)
                    table.shut(openedBefore: .now - patience)
                }
            }
            while !group.isCancelled {
                do {
                    let socket = try await acceptor.accept()
                    socket.socket.closeOnExec()
                    guard let number = table.admit(socket.socket) else { continue }
                    group.addTask {
                        await answer(socket)
                        table.close(number)
                    }
                } catch {
                    // A client may be gone before it is accepted, and there may be no room for another file: neither is the end.
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
        }
    }

    /// Answers a connection's one request. What fails here is the client's to bear.
    private func answer(_ socket: AsyncSocket) async {
        do {
            try await socket.write(Data(response(to: socket).bytes))
            // Bytes that were not read would make the system take back the answer, so the client is heard out, within reason.
            socket.socket.shut(sendingOnly: true)
            var count = 0
            while count < 16 * HTTPRequestHead.byteLimit { count += try await socket.read(atMost: 4096).count }
        } catch {}
    }

    private func response(to socket: AsyncSocket) async throws -> HTTPResponse {
        var bytes: [UInt8] = []
        while true {
            let start = bytes.count
            bytes += try await socket.read(atMost: 4096)
            if HTTPRequestHead.isWhole(bytes, from: start) {
                return HTTPResponse(to: HTTPRequestHead(parsing: bytes), from: board)
            }
            guard bytes.count < HTTPRequestHead.byteLimit else { return .headTooLarge }
        }
    }
}
