import Foundation
import HTTPService
import Synchronization
import TestSupport
import Testing

@Suite("A small HTTP server")
struct ServerTests {
    /// Serves while something is done with its port.
    private func serving<Result: Sendable>(
        limits: HTTPServer.Limits = limits(),
        _ handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse = { request in
            HTTPResponse(text: "\(request.method) \(request.path) \(String(decoding: request.body, as: UTF8.self))")
        }, _ body: @escaping @Sendable (UInt16) async throws -> Result
    ) async throws -> Result {
        let server = HTTPServer("a test", host: "127.0.0.1", port: 0, limits: limits, handler: handler)
        let (ports, continuation) = AsyncStream<UInt16>.makeStream()
        let task = Task { try await server.run { continuation.yield($0) } }
        defer { task.cancel() }
        var iterator = ports.makeAsyncIterator()
        return try await body(#require(await iterator.next()))
    }

    private static func limits(timeout: Duration = .seconds(60), connections: Int = 32, streams: Int = 16) -> HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.timeout = timeout
        limits.connectionCount = connections
        limits.streamCount = streams
        limits.requestCount = 10
        limits.bodyByteCount = 64
        return limits
    }

    @Test("Requests follow each other on one connection, pipelined or not")
    func keepAlive() async throws {
        let answer = try await serving { port in
            await RawClient.ask(
                port,
                "GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\nConnection: close\r\n\r\n"
            )
        }
        let lines = try #require(answer).split(separator: "\r\n").filter { $0.contains(" /") }.map(String.init)
        #expect(
            lines
                == ["GET /1 HTTP/1.1", "POST /2 abcHTTP/1.1", "GET /3 "].map { $0.replacing("HTTP/1.1", with: "HTTP/1.1 200 OK") })
    }

    @Test(
        "A body that is too long or of unknown length is refused, and ends the connection",
        arguments: [
            ("Content-Length: 65", "413"), ("Content-Length: -1", "400"), ("Content-Length: 1, 1", "400"),
            ("Content-Length: 99999999999999999999", "400"), ("Transfer-Encoding: chunked", "400"),
        ])
    func bodies(header: String, status: String) async throws {
        let answer = try await serving { await RawClient.ask($0, "POST / HTTP/1.1\r\n\(header)\r\n\r\n") }
        #expect(answer?.hasPrefix("HTTP/1.1 \(status) ") == true)
    }

    @Test("Two hundred connections that say nothing neither stop a request nor end a stream")
    func idle() async throws {
        let (isAnswered, stream) = try await crowded(by: 200) { _ in }
        #expect(isAnswered)
        #expect(stream?.hasSuffix("begin-end") == true)
    }

    @Test("Three hundred that ask for something long and do not read it neither stop a request nor end a stream")
    func slow() async throws {
        let (isAnswered, stream) = try await crowded(by: 300) { $0.send("GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n") }
        #expect(isAnswered)
        #expect(stream?.hasSuffix("begin-end") == true)
    }

    @Test("Three hundred that follow without reading neither stop a request nor end a stream")
    func followers() async throws {
        let (isAnswered, stream) = try await crowded(by: 300) { $0.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n") }
        #expect(isAnswered)
        #expect(stream?.hasSuffix("begin-end") == true)
    }

    @Test("Three hundred that have asked once, and keep their connections, neither stop a request nor end a stream")
    func kept() async throws {
        let (isAnswered, stream) = try await crowded(by: 300) { $0.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") }
        #expect(isAnswered)
        #expect(stream?.hasSuffix("begin-end") == true)
    }

    /// Follows a stream, lets others crowd in, asks for something beside them, and ends the stream.
    /// - Returns: whether that was answered, and all of the stream.
    private func crowded(by count: Int, _ act: @escaping @Sendable (RawClient) -> Void) async throws -> (Bool, String?) {
        let hasBegun = Mutex(false)
        let isOver = Mutex(false)
        let long = [UInt8](repeating: 0, count: 32 << 20)
        return try await serving(limits: Self.limits(connections: 8, streams: 4)) { request in
            switch request.path {
            case "/stream":
                return HTTPResponse(contentType: "text/plain", byteCount: nil) { writer in
                    try await writer.write(Array("begin".utf8))
                    hasBegun.withLock { $0 = true }
                    while !isOver.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
                    try await writer.write(Array("-end".utf8))
                }
            case "/long": return HTTPResponse(contentType: "text/plain", bytes: long)
            default: return HTTPResponse(text: "here")
            }
        } _: { port in
            async let stream = RawClient.get(port, "/stream")
            while !hasBegun.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
            let others = await onThread { () -> [RawClient] in
                let others = (0..<count).compactMap { _ in RawClient(port: port) }
                for client in others { act(client) }
                return others
            }
            var isAnswered = false
            for _ in 0..<400 where !isAnswered {
                isAnswered = await RawClient.get(port, "/")?.hasSuffix("here") == true
                if !isAnswered { try await Task.sleep(for: .milliseconds(50)) }
            }
            isOver.withLock { $0 = true }
            let whole = await stream
            for client in others { client.close() }
            return (isAnswered, whole)
        }
    }

    @Test("What is sent to many who do not read it is not kept once for each of them")
    func shared() async throws {
        let large = [UInt8](repeating: 1, count: 64 << 20)
        let before = try residentByteCount()
        let after = try await serving { _ in
            HTTPResponse(contentType: "text/plain", bytes: large)
        } _: { port in
            let clients = (0..<24).compactMap { _ in RawClient(port: port) }
            for client in clients { client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") }
            // Each has begun to come by now.
            for client in clients { #expect(await onThread { client.receive(atLeast: 1 << 16) }) }
            defer { for client in clients { client.close() } }
            return try residentByteCount()
        }
        #expect(after - before < 400 << 20, "\(before) bytes of memory became \(after)")
    }

    private func residentByteCount() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        return try #require(text.split(separator: " ").dropFirst().first.flatMap { Int($0) }) * 4096
    }

    @Test("A client that never reads is let go of, and what writes to it ends")
    func neverReads() async throws {
        let outcome = Mutex<String?>(nil)
        try await serving(limits: Self.limits(timeout: .milliseconds(300))) { _ in
            HTTPResponse(contentType: "text/plain", byteCount: nil) { writer in
                defer { outcome.withLock { $0 = $0 ?? "ended" } }
                while true { try await writer.write([UInt8](repeating: 0, count: 1 << 20)) }
            }
        } _: { port in
            let client = try #require(RawClient(port: port))
            defer { client.close() }
            client.send("GET / HTTP/1.1\r\n\r\n")
            for _ in 0..<1000 where outcome.withLock({ $0 == nil }) { try await Task.sleep(for: .milliseconds(20)) }
        }
        #expect(outcome.withLock { $0 } == "ended")
    }

    @Test("Of an answer to HEAD only the head is sent")
    func head() async throws {
        let answer = try await serving { await RawClient.get($0, "/", method: "HEAD") }
        #expect(answer?.hasSuffix("\r\n\r\n") == true)
        #expect(answer?.contains("Content-Length: 7\r\n") == true)
    }
}
