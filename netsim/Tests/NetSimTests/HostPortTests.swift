import Faults
import NetSim
import Testing

@Suite("Addresses")
struct HostPortTests {
    @Test(
        "Literals and localhost are read and written back",
        arguments: ["127.0.0.1:9000", "0.0.0.0:0", "[::1]:65535", "[2001:db8::7]:1", "localhost:80"])
    func valid(text: String) throws {
        #expect(try HostPort(text).description == text)
    }

    @Test(
        "Anything else is refused with the text in the message",
        arguments: [
            "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:9000", "[::1]", "[::1:9",
            "example.org:80", "256.0.0.1:1", "127.0.0.1\0.evil:1", "[127.0.0.1:1", ":9000", "localhost:port",
        ])
    func invalid(text: String) {
        let error = #expect(throws: NetSimError.self) { try HostPort(text) }
        #expect(error?.code == .invalidAddress)
        #expect(error?.message.contains("\"") == true)
    }
}
