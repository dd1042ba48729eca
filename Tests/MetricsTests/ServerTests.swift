import Foundation
import FoundationNetworking
import Metrics
import TestSupport
import Testing

@Suite("Metrics over HTTP")
struct ServerTests {
    private let store: MetricsStore

    init() {
        store = MetricsStore()
        store.update(.sample)
    }

    private func body(of answer: String) -> String? {
        answer.range(of: "\r\n\r\n").map { String(answer[$0.upperBound...]) }
    }

    @Test("/metrics is what Prometheus reads")
    func prometheus() async throws {
        let answer = try #require(try await withServer(of: store) { await RawClient.get($0, "/metrics") })
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
        #expect(body(of: answer) == store.prometheus())
        #expect(answer.contains("\r\nContent-Length: \(store.prometheus().utf8.count)\r\n"))
    }

    @Test("/metrics.json is JSON")
    func json() async throws {
        let answer = try #require(try await withServer(of: store) { await RawClient.get($0, "/metrics.json") })
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("\r\nContent-Type: application/json\r\n"))
        #expect(body(of: answer) == store.json() + "\n")
    }

    @Test("A HEAD has the length of what a GET would bring, and brings nothing", arguments: ["/metrics", "/metrics.json"])
    func head(path: String) async throws {
        let (head, get) = try await withServer(of: store) {
            (await RawClient.get($0, path, method: "HEAD"), await RawClient.get($0, path))
        }
        let (answer, whole) = (try #require(head), try #require(get))
        #expect(body(of: answer) == "")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try answer == whole.dropLast(#require(body(of: whole)).count))
    }

    @Test(
        "Nothing else is there",
        arguments: [
            "/", "/metrics/", "/metrics/../x", "/x/../metrics", "/./metrics", "//metrics", "/metrics/../../etc/passwd",
            "/%2e%2e/metrics",
            "/%2e%2e%2fetc/passwd", "/metrics%00", "/metrics.JSON", "/METRICS", "/%6detrics", "/metrics.json/", "/metrics#x",
            "http://localhost/metrics", "*", "metrics",
        ])
    func notFound(path: String) async throws {
        let answer = try #require(try await withServer(of: store) { await RawClient.get($0, path) })
        #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(!answer.contains("case-17"))
    }

    @Test("Nothing can be done to it", arguments: ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "X"])
    func otherMethods(method: String) async throws {
        let answer = try #require(try await withServer(of: store) { await RawClient.get($0, "/metrics", method: method) })
        #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
    }

    @Test("A path stays the same path with a question after it")
    func query() async throws {
        let answer = try #require(try await withServer(of: store) { await RawClient.get($0, "/metrics?module=x") })
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test(
        "What is no request is refused, in one answer",
        arguments: [
            "\r\n\r\n", "GET\r\n\r\n", "GET /metrics\r\n\r\n", "GET  /metrics HTTP/1.1\r\n\r\n",
            "GET /metrics HTTP/1.1 x\r\n\r\n",
            "GET /metrics HTTP/2.0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /m\u{e9} HTTP/1.1\r\n\r\n",
            "GET /\0 HTTP/1.1\r\n\r\n",
            "\u{16}\u{3}\u{1}\r\n\r\n", " GET /metrics HTTP/1.1\r\n\r\n",
        ])
    func badRequest(request: String) async throws {
        let answer = try #require(try await withServer(of: store) { await RawClient.ask($0, request) })
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(!answer.contains("case-17"))
    }

    @Test("A request that comes byte by byte is answered like any other")
    func byteByByte() async throws {
        let answer = try await withServer(of: store) { port in
            await onThread { () -> String? in
                guard let client = RawClient(port: port) else { return nil }
                defer { client.close() }
                for byte in "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n" { client.send(String(byte)) }
                return client.receive()
            }
        }
        #expect(answer?.hasPrefix("HTTP/1.1 200 OK\r\n") == true)
    }

    @Test(
        "A name that some name server has bound to this address gets nothing, and neither does a request that names nobody",
        arguments: [
            "Host: evil.example\r\n", "Host: evil.example:9711\r\n", "Host: localhost.evil.example\r\n", "Host: \r\n",
            "Host: 127.0.0.1, evil.example\r\n", "",
        ], ["/metrics", "/metrics.json"])
    func rebinding(host: String, path: String) async throws {
        let answer = try #require(
            try await withServer(of: store) {
                await RawClient.ask($0, "GET \(path) HTTP/1.1\r\n\(host)Connection: close\r\n\r\n")
            })
        #expect(answer.hasPrefix("HTTP/1.1 421 "))
        #expect(!answer.contains("case-17"))
    }

    @Test("An address is taken, whatever it is: a tunnel may have changed it", arguments: ["127.0.0.1:9711", "[::1]", "192.0.2.7"])
    func literal(host: String) async throws {
        let answer = try #require(
            try await withServer(of: store) {
                await RawClient.ask($0, "GET /metrics HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
            })
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test("Foundation's client reads it")
    func urlSession() async throws {
        let body = try await withServer(of: store) { port in
            try await URLSession.shared.data(from: #require(URL(string: "http://127.0.0.1:\(port)/metrics"))).0
        }
        #expect(String(decoding: body, as: UTF8.self) == store.prometheus())
    }
}
