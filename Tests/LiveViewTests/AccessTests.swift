import Receiver
import Foundation
import HTTPService
import LiveView
import Profiles
import SRTTransport
import TestSupport
import Testing

@Suite("Who may look")
struct AccessTests {
    /// Serves a view of nothing; hands over its port and its page's address.
    private func serving<Result: Sendable>(
        _ host: String = "127.0.0.1", certificate: TLSCertificate? = nil,
        _ body: @escaping @Sendable (UInt16, String) async throws -> Result
    ) async throws -> Result {
        let site = ReceivingSite(folder: NSTemporaryDirectory(), transport: .init())
        let view = try LiveView(of: LiveStore(), site: site, on: HostPort(host: host, port: 0), certificate: certificate)
        let (pages, continuation) = AsyncStream<String>.makeStream()
        let task = Task { try await view.run { continuation.yield($0) } }
        defer { task.cancel() }
        var iterator = pages.makeAsyncIterator()
        let page = try #require(await iterator.next())
        return try await body(UInt16(try #require(URL(string: page)?.port)), page)
    }

    @Test("Over HTTPS the page's address says so, a name of the certificate is taken, and the token stays out of clear requests")
    func encrypted() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let certificate = try TLSCertificate(
            folder.put(Array(TestCertificate.certificate.utf8), "cert.pem"),
            key: folder.put(Array(TestCertificate.key.utf8), "key.pem"))
        try await serving("0.0.0.0", certificate: certificate) { port, page in
            #expect(page.hasPrefix("https://0.0.0.0:\(port)/?token="))
            let token = try #require(page.split(separator: "=").last.map(String.init))
            let opened = try await TLSClient.ask(
                port, "GET /?token=\(token) HTTP/1.1\r\nHost: reading-room.example:\(port)\r\nConnection: close\r\n\r\n")
            #expect(opened.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(opened.contains("; SameSite=Strict; Secure\r\n"))
            for (origin, status) in [("https", "200"), ("http", "403")] {
                let answer = try await TLSClient.ask(
                    port,
                    "GET /api/start HTTP/1.1\r\nHost: a.example\r\nOrigin: \(origin)://a.example\r\nConnection: close\r\n"
                        + "Cookie: fovea-view-0=\(token)\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(origin)")
            }
        }
    }

    private func ask(_ port: UInt16, _ path: String, method: String = "GET", host: String = "localhost", _ more: String = "") async
        -> String
    {
        await RawClient.ask(port, "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\(more)\r\n") ?? ""
    }

    @Test("The page opens on loopback, with a policy that lets it run nothing but its own")
    func page() async throws {
        let answer = try await serving { port, _ in await ask(port, "/") }
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'"))
        #expect(!answer.contains("unsafe"))
        #expect(answer.contains("<title>Fovea</title>"))
    }

    @Test(
        "A name that some name server has bound to this address gets nothing",
        arguments: [
            "evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "", "localhost:x", "[::1",
        ])
    func rebinding(host: String) async throws {
        let answer = try await serving { port, _ in await ask(port, "/api/start", host: host) }
        #expect(answer.hasPrefix("HTTP/1.1 421 "))
    }

    @Test(
        "Addresses and localhost are taken, with any port: a tunnel may have changed it",
        arguments: ["localhost", "localhost:9999", "127.0.0.1:1", "[::1]:80", "[::1]", "192.0.2.7"])
    func literal(host: String) async throws {
        let answer = try await serving { port, _ in await ask(port, "/api/start", host: host) }
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test(
        "Another site's page is refused",
        arguments: ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"])
    func otherSites(header: String) async throws {
        let answer = try await serving { port, _ in await ask(port, "/api/start", header + "\r\n") }
        #expect(answer.hasPrefix("HTTP/1.1 403 "))
        #expect(!answer.contains("request_word"))
    }

    @Test("Beyond loopback nothing is shown without the token, and the token becomes a cookie that no script can read")
    func token() async throws {
        try await serving("0.0.0.0") { port, page in
            let token = try #require(page.split(separator: "=").last.map(String.init))
            #expect(token.count == 32)
            for path in [
                "/", "/?token=", "/?token=\(token.dropLast())0x", "/main.js", "/api/start", "/events", "/api/start?token=\(token)",
            ] {
                #expect(await ask(port, path).hasPrefix("HTTP/1.1 403 "))
            }
            let opened = await ask(port, "/?token=\(token)")
            #expect(opened.hasPrefix("HTTP/1.1 200 OK\r\n"))
            let line = try #require(opened.split(separator: "\r\n").first { $0.hasPrefix("Set-Cookie: ") })
            #expect(line.hasSuffix("; Path=/; HttpOnly; SameSite=Strict"))
            let cookie = try #require(line.dropFirst("Set-Cookie: ".count).split(separator: ";").first)
            #expect(await ask(port, "/api/start", "Cookie: a=b; \(cookie)\r\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(await ask(port, "/api/start", "Cookie: \(cookie)0\r\n").hasPrefix("HTTP/1.1 403 "))
        }
    }

    @Test(
        "Nothing but the table of files is there",
        arguments: [
            "/..", "/../Package.swift", "/%2e%2e/Package.swift", "/main.js/", "//main.js", "/./main.js", "/index.html", "/MAIN.JS",
            "/main.js%00",
            "/volume", "/volume/../../etc/passwd/0/file", "/volume/x/0", "/volume/x/0/file", "/volume/x/-1/patches", "/receipt/..",
            "/receipt/..%2f..%2fetc", "/receipt/x", "/events/", "/api",
        ])
    func traversal(path: String) async throws {
        let answer = try await serving { port, _ in await ask(port, path) }
        #expect(answer.hasPrefix("HTTP/1.1 404 "))
    }

    @Test("Nothing is asked of a sender without the word that only the page has read")
    func foreignPost() async throws {
        let body = #"{"session":"x","volume":0,"box":[0,1,0,1,0,1]}"#
        let answer = try await serving { port, _ in
            await RawClient.ask(
                port,
                "POST /focus HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
        #expect(answer?.hasPrefix("HTTP/1.1 403 ") == true)
    }
}
