import Foundation
import Glibc
import NetSim
import Testing

@Suite(
    "Running a program behind a link", .serialized,
    .enabled(if: NetSimCommand.canRun, "network namespaces or TUN devices are not permitted here"))
struct LinkRunTests {
    @Test(
        "A TCP transfer arrives whole, and crosses the link at its rate",
        .enabled(if: NetSimCommand.isInstalled("python3"), "python3 is not installed"))
    func transfer() throws {
        let folder = try ScratchFolder()
        let server = try folder.write(
            """
            import socket
            listener = socket.create_server(("0.0.0.0", 5000))
            peer, _ = listener.accept()
            peer.sendall(bytes(i * 7 % 251 for i in range(1000000)))
            peer.close()
            """, to: "server.py")
        let client = try folder.write(
            """
            import os, socket, sys
            peer = socket.create_connection((os.environ["NETSIM_SERVER"], 5000), timeout=20)
            got = b"".join(iter(lambda: peer.recv(65536), b""))
            sys.exit(0 if got == bytes(i * 7 % 251 for i in range(1000000)) else 3)
            """, to: "client.py")
        let log = folder.file("run.log")
        let run = try NetSimCommand(
            "run", "--link", folder.link(), "--log", log, "--serve", "exec python3 \(server)", "--", "python3", client)
        #expect(run.status == 0, "\(run.errors)")

        var departures: [(time: Duration, byteCount: Int)] = []
        try LinkLogReader(path: log).forEachEvent { event in
            if case .departure = event.kind, event.heading == .down { departures.append((event.time, event.byteCount)) }
        }
        // The middle half: slow start is over, and the rest of the last window is not there yet.
        let middle = departures[(departures.count / 4)..<(departures.count * 3 / 4)]
        let first = try #require(middle.first)
        let last = try #require(middle.last)
        let bits = Double(middle.dropFirst().map(\.byteCount).reduce(0, +) * 8)
        let rate = bits / ((last.time - first.time) / .seconds(1))
        #expect(rate <= 20e6 * 1.001, "never faster than the link")
        #expect(rate >= 20e6 * 0.3)
        #expect(departures.map(\.byteCount).reduce(0, +) > 1_000_000)
        #expect(departures.allSatisfy { $0.byteCount <= 1500 })
    }

    @Test("The exit status is the command's, and says so where it was ended by a signal or could not be run")
    func statuses() throws {
        let folder = try ScratchFolder()
        let link = try folder.link()
        #expect(try NetSimCommand("run", "--link", link, "--", "sh", "-c", "exit 7").status == 7)
        #expect(try NetSimCommand("run", "--link", link, "--", "sh", "-c", "kill -9 $$").status == 137)
        let missing = try NetSimCommand("run", "--link", link, "--", "no-such-program")
        #expect(missing.status == 127)
        #expect(missing.errors == "netsim: no-such-program: cannot be run: No such file or directory\n")
        #expect(try NetSimCommand("run", "--link", link, "--", "/etc/passwd").status == 126)
        #expect(try NetSimCommand("run", "--link", link).status == 64)
        #expect(try NetSimCommand("run", "--link", folder.file("none.yaml"), "--", "true").status == 66)
    }

    @Test("The command's words and output pass through, and it finds both addresses")
    func environment() throws {
        let folder = try ScratchFolder()
        let run = try NetSimCommand(
            "run", "--link", folder.link(), "--", "sh", "-c", "echo \"$NETSIM_CLIENT $NETSIM_SERVER $1\"", "sh", "--link x")
        #expect(run.output == "10.77.0.1 10.77.0.2 --link x\n")
        #expect(run.errors == "")
    }

    @Test("Nothing stays behind: neither a device, nor the server, nor programs that left their parents")
    func remains() throws {
        let folder = try ScratchFolder()
        let devices = try Self.deviceNames()
        let run = try NetSimCommand(
            "run", "--link", folder.link(), "--serve", "echo $$ > \(folder.file("server")); sleep 1000 & wait", "--",
            "sh", "-c", "until test -s \(folder.file("server")); do sleep 0.01; done; setsid sleep 1000 >&- 2>&- & echo $!")
        let left = try #require(pid_t(run.output.filter(\.isNumber)))
        let server = try #require(pid_t(String(decoding: folder.contents(of: "server"), as: UTF8.self).filter(\.isNumber)))
        #expect(!Self.isRunning(left))
        #expect(!Self.isRunning(server))
        #expect(try Self.deviceNames() == devices)
    }

    @Test("A signal ends the command and the program", arguments: [SIGINT, SIGTERM])
    func interruption(signal: Int32) throws {
        let folder = try ScratchFolder()
        let process = try NetSimCommand.start([
            "run", "--link", folder.link(), "--", "sh", "-c", "echo $$ > \(folder.file("client")); exec sleep 1000",
        ])
        var client: pid_t?
        for _ in 0..<5000 where client == nil {
            let text = (try? folder.contents(of: "client")).map { String(decoding: $0, as: UTF8.self) }
            client = text.flatMap { pid_t($0.filter(\.isNumber)) }
            usleep(2000)
        }
        kill(process.processIdentifier, signal)
        #expect(try NetSimCommand(process).status == 128 + signal)
        #expect(!Self.isRunning(try #require(client)))
    }

    /// A process that has ended and that nobody has asked for is not running any more.
    private static func isRunning(_ process: pid_t) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8) else { return false }
        return !status.contains("State:\tZ")
    }

    private static func deviceNames() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/sys/class/net").sorted()
    }
}
