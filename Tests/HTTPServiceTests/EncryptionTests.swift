import Faults
import Files
import HTTPService
import TestSupport
import Testing

@Suite("HTTPS")
struct EncryptionTests {
    private func serving<Result: Sendable>(
        limits: HTTPServer.Limits = HTTPServer.Limits(), _ response: HTTPResponse = HTTPResponse(text: "here"),
        _ body: @escaping @Sendable (UInt16) async throws -> Result
    ) async throws -> Result {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let certificate = try TLSCertificate(
            folder.put(Array(TestCertificate.certificate.utf8), "cert.pem"),
            key: folder.put(Array(TestCertificate.key.utf8), "key.pem"))
        let server = HTTPServer("a test", host: "127.0.0.1", port: 0, limits: limits, certificate: certificate) { _ in response }
        let (ports, continuation) = AsyncStream<UInt16>.makeStream()
        let task = Task { try await server.run { continuation.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        let result = try await body(port)
        task.cancel()
        try await task.value
        return result
    }

    @Test("A client that trusts the certificate is answered, whole, and the connection ends as it should", arguments: [4, 3 << 20])
    func answered(byteCount: Int) async throws {
        let text = String(repeating: "x", count: byteCount)
        let answer = try await serving(HTTPResponse(text: text)) { try await TLSClient.ask($0, "GET / HTTP/1.1\r\n\r\n") }
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n" + text))
    }

    @Test("Who speaks in clear to it gets no answer, and others are answered still")
    func clear() async throws {
        try await serving { port in
            let answer = await RawClient.get(port, "/")
            #expect(answer?.contains("here") != true && answer?.contains("200 OK") != true)
            let encrypted = try await TLSClient.ask(port, "GET / HTTP/1.1\r\n\r\n")
            #expect(encrypted.hasSuffix("here"))
        }
    }

    @Test("Who connects and does not shake hands is let go of")
    func silent() async throws {
        var limits = HTTPServer.Limits()
        limits.timeout = .milliseconds(300)
        try await serving(limits: limits) { port in
            let client = try #require(RawClient(port: port))
            defer { client.close() }
            #expect(await onThread { client.receive() } == "")
        }
    }

    @Test("A certificate that cannot be used is an error that names the file")
    func refused() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let certificate = try folder.put(Array(TestCertificate.certificate.utf8), "cert.pem")
        let key = try folder.put(Array(TestCertificate.key.utf8), "key.pem")
        let other = try folder.put(Array(TestCertificate.otherKey.utf8), "other.pem")
        let open = try folder.put(Array(TestCertificate.key.utf8), "open.pem", mode: 0o640)
        let empty = try folder.put([], "empty.pem")
        let garbled = try folder.put(Array(TestCertificate.certificate.replacing("MII", with: "!!!").utf8), "garbled.pem")
        for (certificate, key, culprit) in [
            (certificate, other, other), (certificate, open, open), (certificate, empty, empty),
            (certificate, certificate, certificate),
            (empty, key, empty), (key, key, key),
            (garbled, key, garbled), (certificate, garbled, garbled),
        ] {
            let error = #expect(throws: HTTPServiceError.self) { try TLSCertificate(certificate, key: key) }
            #expect(error?.code == .invalidCertificate)
            #expect(error?.message.hasPrefix(culprit + ": ") == true)
        }
        let missing = #expect(throws: FileError.self) { try TLSCertificate(certificate, key: "\(folder.path)/none.pem") }
        #expect(missing?.message.contains("none.pem") == true)
    }
}
