import Foundation
import TestSupport
import Testing

@Suite("Those who look on", .serialized)
struct ViewTests {
    @Test("Idle connections by the hundred, clients that never read, endless heads and paths that lead out leave a transfer be")
    func crowd() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let transfer = try await Transfer.start(
            scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", "fast"],
            receiverArguments: ["--view", "127.0.0.1:0"])
        let page = try #require(try await transfer.receiver.waitFor("view")?["url"] as? String)
        let port = try #require(URL(string: page)?.port.flatMap(UInt16.init(exactly:)))
        let host = "Host: 127.0.0.1:\(port)\r\n"
        let idle = (0..<200).compactMap { _ in RawClient(port: port) }
        #expect(idle.count > 100)
        let deaf = (0..<8).compactMap { _ in RawClient(port: port) }
        for client in deaf { _ = client.send("GET /events HTTP/1.1\r\n\(host)\r\n") }
        let endless = try #require(RawClient(port: port))
        _ = endless.send("GET / HTTP/1.1\r\n\(host)X: \(String(repeating: "x", count: 60_000))")
        for path in ["/../../../etc/passwd", "/volume/..%2f..%2fetc/0/file", "/volume/s/0/../../../receipt.json"] {
            // Among so many it may take a while to be heard; but heard it must be, and refused.
            var answer: String?
            for _ in 0..<200 where answer?.isEmpty ?? true {
                answer = await RawClient.ask(port, "GET \(path) HTTP/1.1\r\n\(host)Connection: close\r\n\r\n")
            }
            #expect(answer?.hasPrefix("HTTP/1.1 404 ") == true, "\(path): \(answer?.prefix(60) ?? "no answer")")
        }
        let codes = try await transfer.finish()
        #expect(codes == (0, 0), "\(transfer.sender.standardError) \(transfer.receiver.standardError)")
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
        for client in idle + deaf + [endless] { client.close() }
    }
}
