internal import Faults
internal import FlyingSocks
internal import Foundation

/// A small HTTP server: whoever reaches the port may ask, and what it asks is bounded in size, time and number.
///
/// FlyingFox's own server (0.27.1) bounds none of these: its timeout is the handler's alone, and a head without a line's end takes
/// it time that grows with the square of the length, on the threads that sessions run on. So only its sockets are used.
package struct HTTPServer: Sendable {
    /// The limits on what a client may take.
    package struct Limits: Sendable {
        /// The longest a request may take to come whole, and a client to take the next part of an answer; 0.1 s to an hour.
        package var timeout = Duration.seconds(5)
        /// Number of connections that may be open, 1 at least; one more takes the place of one that asks for nothing, or does not take its
        /// answer.
        package var connectionCount = 32
        /// Number of them that may have an answer without end, 1 at least; one more is told to come back later.
        package var streamCount = 16
        /// Number of requests that one connection may have.
        package var requestCount = 1
        /// The most bytes after a request's head.
        package var bodyByteCount = 0

        /// One request a connection, without a body.
        package init() {}
    }

    private let subject: String
    private let host: String
    private let port: UInt16
    private let limits: Limits
    private let timeout: Duration
    private let handler: @Sendable (HTTPRequest) async -> HTTPResponse

    /// Prepares a server.
    /// - Parameters:
    ///   - subject: what is served, for messages.
    ///   - host: an IPv4 or IPv6 address without brackets, or `localhost`, which is 127.0.0.1.
    ///   - port: 0 lets the system choose.
    ///   - limits: what a client may take.
    ///   - handler: answers a request. Of an answer to HEAD only the head is sent.
    package init(
        _ subject: String, host: String, port: UInt16, limits: Limits = Limits(),
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) {
        self.subject = subject
        self.host = host
        self.port = port
        self.limits = limits
        self.handler = handler
        timeout = min(max(limits.timeout, .milliseconds(100)), .seconds(3600))
    }

    /// Serves until the task is cancelled, and returns then.
    /// - Parameter onListening: called once with the port, as soon as connections are taken.
    /// - Throws: `HTTPServiceError`: `invalidAddress` where the host is no address, `cannotListen` where the port cannot be had, or
    ///   the system fails later.
    package func run(onListening: @Sendable (UInt16) -> Void) async throws {
        let (listener, port) = try ListenAddress(host: host, port: self.port, subject: subject).listen()
        defer { try? listener.close() }
        do {
            let pool = SocketPool.ePoll()
            try await pool.prepare()
            let acceptor = try AsyncSocket(socket: listener, pool: pool)
            onListening(port)
            try await serve(acceptor, pool)
        } catch {
            if Task.isCancelled { return }
            throw HTTPServiceError(.cannotListen, "\(subject) can no longer be served: \(error)")
        }
    }

    private func serve(_ acceptor: AsyncSocket, _ pool: some AsyncSocketPool) async throws {
        let table = ConnectionTable(limit: limits.connectionCount, streamLimit: limits.streamCount)
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await pool.run() }
            group.addTask {
                while true {
                    try await Task.sleep(for: min(timeout / 10, .seconds(1)))
                    table.shutOverdue()
                }
            }
            while !group.isCancelled {
                do {
                    let socket = try await acceptor.accept()
                    socket.socket.closeOnExec()
                    guard let number = table.admit(socket.socket, until: .now + timeout) else { continue }
                    group.addTask {
                        await converse(HTTPBodyWriter(socket: socket, table: table, number: number, timeout: timeout))
                        table.close(number)
                    }
                } catch {
                    // A client may be gone before it is accepted, and there may be no room for another file: neither is the end.
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
        }
    }

    /// Answers a connection's requests. What fails here is the client's to bear.
    private func converse(_ writer: HTTPBodyWriter) async {
        do {
            var reader = HTTPRequestReader(socket: writer.socket, bodyByteLimit: limits.bodyByteCount)
            for count in 1...max(1, limits.requestCount) {
                let reading = try await reader.next()
                writer.table.setBusy(writer.number, true)
                writer.table.extend(writer.number, until: nil)
                var response: HTTPResponse
                var staysOpen = false
                var isHeadOnly = false
                switch reading {
                case .request(let request):
                    response = await handler(request)
                    staysOpen = request.wantsMore && response.hasEnd && count < limits.requestCount
                    isHeadOnly = request.method == "HEAD"
                case .refused(let refusal): response = refusal
                }
                if !response.hasEnd, !isHeadOnly, !writer.table.beginStream(writer.number) {
                    (response, staysOpen) = (.tooManyStreams, false)
                }
                try await answer(writer, response, staysOpen: staysOpen, isHeadOnly: isHeadOnly)
                writer.table.setBusy(writer.number, false)
                writer.table.extend(writer.number, until: .now + timeout)
                guard staysOpen else { break }
            }
            // Bytes that were not read would make the system take back the answer, so the client is heard out, within reason.
            writer.socket.socket.shut(sendingOnly: true)
            var count = 0
            while count < 16 * HTTPRequest.headByteLimit { count += try await writer.socket.read(atMost: 4096).count }
        } catch {}
    }

    private func answer(_ writer: HTTPBodyWriter, _ response: HTTPResponse, staysOpen: Bool, isHeadOnly: Bool) async throws {
        let head = response.head(staysOpen: staysOpen)
        switch response.body {
        case .bytes(let bytes):
            // The head goes with what follows it: on its own it would wait for the client to confirm it. The rest is not copied, but
            // for the piece that is being sent.
            let first = isHeadOnly ? 0 : min(bytes.count, max(0, HTTPBodyWriter.pieceByteCount - head.count))
            try await writer.write(head + bytes[..<first])
            if !isHeadOnly { try await writer.write(bytes[first...]) }
        case .pieces(_, let pieces):
            try await writer.write(head)
            if !isHeadOnly { try await pieces(writer) }
        }
    }
}
