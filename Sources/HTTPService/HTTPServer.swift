internal import Faults
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// A small HTTP server: whoever reaches the port may ask, and what it asks is bounded in size, time and number.
///
/// SwiftNIO has the sockets and the encryption; who may stay where there are too many is decided here (decision 11).
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
    private let certificate: TLSCertificate?
    private let timeout: Duration
    private let handler: @Sendable (HTTPRequest) async -> HTTPResponse

    /// Prepares a server.
    /// - Parameters:
    ///   - subject: what is served, for messages.
    ///   - host: an IPv4 or IPv6 address without brackets, or `localhost`, which is 127.0.0.1.
    ///   - port: 0 lets the system choose.
    ///   - limits: what a client may take.
    ///   - certificate: for HTTPS; nil serves in clear.
    ///   - handler: answers a request. Of an answer to HEAD only the head is sent.
    package init(
        _ subject: String, host: String, port: UInt16, limits: Limits = Limits(), certificate: TLSCertificate? = nil,
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) {
        self.subject = subject
        self.host = host
        self.port = port
        self.limits = limits
        self.certificate = certificate
        self.handler = handler
        timeout = min(max(limits.timeout, .milliseconds(100)), .seconds(3600))
    }

    /// Serves until the task is cancelled, and returns then.
    /// - Parameter onListening: called once with the port, as soon as connections are taken.
    /// - Throws: `HTTPServiceError`: `invalidAddress` where the host is no address, `cannotListen` where the port cannot be had, or
    ///   the system fails later.
    package func run(onListening: @Sendable (UInt16) -> Void) async throws {
        let address = try ListenAddress(host: host, port: self.port, subject: subject)
        // One thread: connections are then admitted on the listener's own, and none any more once it is closed.
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var failure: (any Error)?
        do { try await serve(address, loops, onListening) } catch { failure = error }
        try? await loops.shutdownGracefully()
        if let failure, !Task.isCancelled { throw failure }
    }

    private func serve(
        _ address: ListenAddress, _ loops: MultiThreadedEventLoopGroup, _ onListening: @Sendable (UInt16) -> Void
    ) async throws {
        let table = ConnectionTable(limit: limits.connectionCount, streamLimit: limits.streamCount)
        let (arrivals, arrival) = AsyncStream<HTTPConnection>.makeStream()
        let listener: any Channel
        do {
            listener = try await bootstrap(loops, table, arrival).bind(to: address.address).get()
        } catch {
            throw address.refusal(error)
        }
        // Not a part of this task: what has been accepted has to be ended, also when this task is cancelled.
        let conversations = Task {
            await withDiscardingTaskGroup { group in
                for await connection in arrivals { group.addTask { await converse(connection, table) } }
                group.cancelAll()
            }
        }
        let interval = TimeAmount.milliseconds(Int64(min(timeout / 10, .seconds(1)) / .milliseconds(1)))
        loops.next().scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in table.closeOverdue() }
        onListening(UInt16(listener.localAddress?.port ?? 0))
        // The future of a closed channel never fails: that it is closed is all it says.
        await withTaskCancellationHandler {
            try? await listener.closeFuture.get()
        } onCancel: {
            listener.close(promise: nil)
        }
        arrival.finish()
        table.closeAll()
        await conversations.value
        guard Task.isCancelled else {
            throw HTTPServiceError(.cannotListen, "\(subject) can no longer be served: the system has closed its port")
        }
    }

    /// Prepares the taking of connections, each of which has a place in the table or is closed.
    private func bootstrap(
        _ loops: MultiThreadedEventLoopGroup, _ table: ConnectionTable, _ arrival: AsyncStream<HTTPConnection>.Continuation
    ) -> ServerBootstrap {
        ServerBootstrap(group: loops)
            .serverChannelOption(.backlog, value: SOMAXCONN)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                // There may be no room for another file: that is not the end.
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler { _ in .milliseconds(50) })
                }
            }
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let number = table.admit(channel, until: .now + timeout) else { throw HTTPRequestReader.Gone() }
                    do {
                        if let context = certificate?.context {
                            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                        }
                        arrival.yield(
                            HTTPConnection(number: number, channel: try NIOAsyncChannel(wrappingChannelSynchronously: channel)))
                    } catch {
                        table.remove(number)
                        throw error
                    }
                }
            }
    }

    /// Answers a connection's requests, and closes it. What fails here is the client's to bear.
    private func converse(_ connection: HTTPConnection, _ table: ConnectionTable) async {
        let writer = HTTPBodyWriter(
            channel: connection.channel.channel, table: table, number: connection.number, timeout: timeout)
        try? await connection.channel.executeThenClose { incoming, _ in
            var reader = HTTPRequestReader(incoming, bodyByteLimit: limits.bodyByteCount)
            try await answerAll(&reader, writer)
            // Bytes that were not read would make the system take back the answer, so the client is heard out, within reason.
            try await writer.channel.close(mode: .output)
            try await reader.hearOut(atMost: 16 * HTTPRequest.headByteLimit)
        }
        table.remove(connection.number)
    }

    private func answerAll(_ reader: inout HTTPRequestReader, _ writer: HTTPBodyWriter) async throws {
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

/// A connection that has a place.
private struct HTTPConnection: Sendable {
    /// Its number in the table.
    let number: Int
    let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
}
