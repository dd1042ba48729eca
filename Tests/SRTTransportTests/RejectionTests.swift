import Faults
import Foundation
import Glibc
import SRTTransport
import Testing

@Suite("A caller that is not let in", .serialized)
struct RejectionTests {
    private func listener(_ requirement: SRTAdmission.Requirement, _ limits: AdmissionLimits = AdmissionLimits()) throws
        -> SRTListener
    {
        try SRTListener(
            on: HostPort(host: "127.0.0.1", port: 0), options: SRTOptions(maximumBitsPerSecond: 20e6),
            admission: SRTAdmission(limits: limits) { _ in requirement })
    }

    private func connect(to listener: SRTListener, passphrase: String?) async throws -> SRTConnection {
        var options = SRTOptions(maximumBitsPerSecond: 20e6)
        options.passphrase = passphrase
        return try await SRTConnection.connect(
            to: HostPort(host: "127.0.0.1", port: listener.port), options: options, timeout: .zero)
    }

    /// Accepts whoever gets in until the body is done.
    private func serving<Result: Sendable>(_ listener: SRTListener, _ body: @Sendable () async throws -> Result) async throws
        -> Result
    {
        let accepting = Task {
            var connections: [SRTConnection] = []
            while let connection = try? await listener.accept() { connections.append(connection) }
            for connection in connections { await connection.close(timeout: .zero) }
        }
        defer { accepting.cancel() }
        return try await body()
    }

    /// Waits until a number is there that libsrt's own threads bring about.
    private func expectEventually(_ isSo: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for _ in 0..<1000 where !isSo() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(isSo(), sourceLocation: sourceLocation)
    }

    @Test("A wrong secret is said to be one, at both ends")
    func wrongSecret() async throws {
        let listener = try listener(.passphrase("the secret of the site"))
        try await serving(listener) {
            let error = await #expect(throws: TransportError.self) {
                try await connect(to: listener, passphrase: "the secret of another")
            }
            #expect(error?.code == .notPermitted)
            #expect(error?.message.contains("rejected the secret. Check --secret-file on both sites.") == true)
            try await expectEventually { listener.admission.refusedCounts[.wrongSecret] == 1 }
            #expect(listener.admission.takeRefused().map(\.address) == ["127.0.0.1"])
        }
    }

    @Test("A caller without a secret is told that one is needed")
    func noSecret() async throws {
        let listener = try listener(.passphrase("the secret of the site"))
        try await serving(listener) {
            let error = await #expect(throws: TransportError.self) { try await connect(to: listener, passphrase: nil) }
            #expect(error?.code == .notPermitted)
            #expect(error?.message.contains("requires a secret. Give --secret-file.") == true)
            try await expectEventually { listener.admission.refusedCounts[.wrongSecret] == 1 }
        }
    }

    @Test("A caller with a secret is told that the listener has none")
    func unexpectedSecret() async throws {
        let listener = try listener(.nothing)
        try await serving(listener) {
            let error = await #expect(throws: TransportError.self) {
                try await connect(to: listener, passphrase: "the secret of the site")
            }
            #expect(error?.code == .notPermitted)
            #expect(error?.message.contains("has no secret, and this sender has one") == true)
        }
    }

    @Test("A caller of an unknown name is told so")
    func unknown() async throws {
        let listener = try listener(.refused)
        try await serving(listener) {
            let error = await #expect(throws: TransportError.self) {
                try await connect(to: listener, passphrase: "the secret of the site")
            }
            #expect(error?.code == .notPermitted)
            #expect(error?.message.contains("does not know this sender") == true)
            #expect(listener.admission.refusedCounts == [.unknownSender: 1])
        }
    }

    @Test("A caller whose address has tried too often is told to try later")
    func tooOften() async throws {
        var limits = AdmissionLimits()
        (limits.addressBurst, limits.addressPerSecond) = (1, 0)
        let listener = try listener(.passphrase("the secret of the site"), limits)
        try await serving(listener) {
            await #expect(throws: TransportError.self) { try await connect(to: listener, passphrase: "the secret of another") }
            let error = await #expect(throws: TransportError.self) {
                try await connect(to: listener, passphrase: "the secret of the site")
            }
            #expect(error?.code == .busy)
            #expect(listener.admission.refusedCounts[.flood] == 1)
        }
    }

    @Test("What is encrypted is encrypted with 256 bits")
    func keyLength() async throws {
        let listener = try listener(.passphrase("the secret of the site"))
        async let accepted = listener.accept()
        let caller = try await connect(to: listener, passphrase: "the secret of the site")
        let callee = try await accepted
        #expect(caller.keyByteCount == 32)
        #expect(callee.keyByteCount == 32)
        #expect(callee.peerHost == "127.0.0.1")
        await caller.close(timeout: .zero)
        await callee.close(timeout: .zero)
        await listener.close()
    }

    @Test("A flood of copied handshakes from one address does not keep another address out")
    func flood() async throws {
        var limits = AdmissionLimits()
        (limits.addressBurst, limits.addressPerSecond) = (8, 0)
        let listener = try listener(.passphrase("the secret of the site"), limits)
        try await serving(listener) {
            var flood = try Flood(to: listener.port)
            for _ in 0..<20 {
                flood.send(50)
                try await Task.sleep(for: .milliseconds(5))
            }
            try await expectEventually { (listener.admission.refusedCounts[.flood] ?? 0) >= 8 }
            try await expectEventually { listener.admission.refusedCounts[.wrongSecret] == 8 }
            flood.send(50)
            let honest = try await connect(to: listener, passphrase: "the secret of the site")
            await honest.close(timeout: .zero)
            #expect(listener.admission.refusedCounts[.wrongSecret] == 8)
        }
    }
}

/// Conclusions of SRT's handshake, each as of another caller at 127.0.0.2, with key material that nobody can open.
private struct Flood: ~Copyable {
    private let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    private var packet: [UInt8] = []
    private var next: UInt32 = 0x1000_0000

    struct Unanswered: Error {}

    init(to port: UInt16) throws {
        let socket = socket
        func address(_ last: UInt32, _ port: UInt16) -> sockaddr_in {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = (0x7f00_0000 | last).bigEndian
            return address
        }
        for (last, port, call) in [(UInt32(2), UInt16(0), bind), (1, port, Glibc.connect)] {
            var place = address(last, port)
            let status = withUnsafePointer(to: &place) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    call(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard status == 0 else { throw Unanswered() }
        }
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        packet = Self.handshake(version: 4, encryption: 0, field: 2, type: 1, cookie: [0, 0, 0, 0])
        Glibc.send(socket, packet, packet.count, 0)
        var answer = [UInt8](repeating: 0, count: 1500)
        guard recv(socket, &answer, answer.count, 0) >= 64 else { throw Unanswered() }
        let identifier = Array("#!::u=-,m=publish,t=fovea1".utf8)
        let padded = identifier + [UInt8](repeating: 0, count: (4 - identifier.count % 4) % 4)
        let words = stride(from: 0, to: padded.count, by: 4).flatMap { padded[$0..<$0 + 4].reversed() }
        let material: [UInt8] = [0x12, 0x20, 0x29, 1, 0, 0, 0, 0, 2, 0, 2, 0, 0, 0, 4, 8] + [UInt8](repeating: 0x5a, count: 56)
        packet = Self.handshake(version: 5, encryption: 4, field: 7, type: -1, cookie: Array(answer[44..<48]))
        packet += [0, 1, 0, 3, 0, 1, 5, 1, 0, 0, 0, 0xbf, 0, 0, 0, 0]
        packet += [0, 3, 0, UInt8(material.count / 4)] + material
        packet += [0, 5, 0, UInt8(words.count / 4)] + words
    }

    deinit { close(socket) }

    private static func handshake(version: UInt8, encryption: UInt8, field: UInt8, type: Int8, cookie: [UInt8]) -> [UInt8] {
        let sign: UInt8 = type < 0 ? 0xff : 0
        return [0x80] + [UInt8](repeating: 0, count: 15) + [0, 0, 0, version, 0, encryption, 0, field, 0, 0, 0x30, 0x39]
            + [0, 0, 5, 0xdc, 0, 0, 0x20, 0, sign, sign, sign, UInt8(bitPattern: type), 0, 0, 3, 0xe8] + cookie
            + [2, 0, 0, 0x7f] + [UInt8](repeating: 0, count: 12)
    }

    mutating func send(_ count: Int) {
        for _ in 0..<count {
            packet.replaceSubrange(40..<44, with: withUnsafeBytes(of: next.bigEndian) { Array($0) })
            next += 1
            _ = Glibc.send(socket, packet, packet.count, Int32(MSG_DONTWAIT))
        }
    }
}
