import Foundation
import Glibc

/// The real program, run to its end.
struct NetSimCommand {
    let status: Int32
    let output: String
    let errors: String

    /// Starts the program; environment variables given replace those of the tests.
    static func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("netsim")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = Pipe()
        process.standardError = Pipe()
        try process.run()
        return process
    }

    /// Waits for what has been started.
    init(_ process: Process) throws {
        output = try Self.text(process.standardOutput)
        errors = try Self.text(process.standardError)
        process.waitUntilExit()
        status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    init(_ arguments: String..., environment: [String: String] = [:]) throws {
        try self.init(Self.start(arguments, environment: environment))
    }

    /// True when the kernel lets these tests make namespaces and TUN devices.
    static let canRun: Bool = {
        guard let folder = try? ScratchFolder(), let link = try? folder.link() else { return false }
        return (try? NetSimCommand("run", "--link", link, "--", "true").status) == 0
    }()

    /// Tells whether a program is installed.
    static func isInstalled(_ program: String) -> Bool {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.contains { access("\($0)/\(program)", X_OK) == 0 }
    }

    private static func text(_ pipe: Any?) throws -> String {
        guard let pipe = pipe as? Pipe else { return "" }
        return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }
}

/// A folder for one test, which goes with it.
final class ScratchFolder {
    let path: String

    init() throws {
        path = "/tmp/netsim-tests-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    func contents(of name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name)))) }

    /// A link profile's path.
    func link(rate: String = "20 Mbit/s") throws -> String {
        try write("rate: \(rate)\nround_trip: 10 ms\nloss: 0 %\nqueue: 256 KiB\n", to: "link.yaml")
    }
}
