import Foundation
import Synchronization

/// A program of this package as a child process: its output line by line, its end, and no trace of it after the test.
final class Program: Sendable {
    private let process: Process
    private let output: Reader
    private let errors: Reader

    /// The folder the programs were built into: the one this test was built into.
    static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    static let project = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Collects what a pipe brings.
    private final class Reader: Sendable {
        private let state = Mutex((bytes: Data(), isAtEnd: false))
        init(_ pipe: Pipe) {
            pipe.fileHandleForReading.readabilityHandler = { [self] handle in
                let data = handle.availableData
                if data.isEmpty { handle.readabilityHandler = nil }
                state.withLock { state in
                    state.bytes += data
                    state.isAtEnd = data.isEmpty
                }
            }
        }
        var all: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }
        /// True when the program has closed its end and all of it is here.
        var isAtEnd: Bool { state.withLock { $0.isAtEnd } }
    }

    /// Starts a program of this package, or the one at a path.
    /// - Parameter folder: where it works; this process's folder by default.
    init(
        _ name: String, _ arguments: [String], input: Pipe? = nil, environment: [String: String] = [:], folder: String? = nil
    ) throws {
        let process = Process()
        process.executableURL = name.hasPrefix("/") ? URL(fileURLWithPath: name) : Self.folder.appendingPathComponent(name)
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging([
            "FOVEA_PROFILES": Self.project.path + "/profiles", "XDG_CACHE_HOME": NSTemporaryDirectory() + "fovea-e2e-cache",
        ]) { $1 }
        .merging(environment) { $1 }
        let (out, err) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = err
        process.standardInput = input ?? FileHandle.nullDevice
        output = Reader(out)
        errors = Reader(err)
        self.process = process
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    var pid: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    var standardError: String { errors.all }
    var standardOutput: String { output.all }

    /// Lines of JSON printed so far.
    var events: [[String: Any]] {
        output.all.split(separator: "\n").compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
    }

    func event(_ name: String) -> [String: Any]? { events.last { $0["event"] as? String == name } }

    /// Waits for an event; nil when the program ends first or it takes too long.
    func waitFor(_ name: String, seconds: Double = 60) async throws -> [String: Any]? {
        for _ in 0..<Int(seconds * 100) {
            if let found = event(name) { return found }
            if !process.isRunning { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        try await takeTheRest()
        return event(name)
    }

    /// The last of a program's output is still in its pipes when it ends.
    private func takeTheRest() async throws {
        guard !process.isRunning else { return }
        // Bounded: a child of it may have the pipes, too.
        for _ in 0..<500 where !(output.isAtEnd && errors.isAtEnd) { try await Task.sleep(for: .milliseconds(10)) }
    }

    /// Waits for the end; nil when it takes too long.
    func exitCode(seconds: Double = 120) async throws -> Int32? {
        for _ in 0..<Int(seconds * 100) {
            if !process.isRunning {
                try await takeTheRest()
                return process.terminationStatus
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        return nil
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Runs a program to its end.
    static func run(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], seconds: Double = 120
    ) async throws -> (code: Int32?, program: Program) {
        let program = try Program(name, arguments, environment: environment)
        return (try await program.exitCode(seconds: seconds), program)
    }
}

/// A folder of its own, gone after the test.
final class Scratch: Sendable {
    let path: String
    init() throws {
        path = NSTemporaryDirectory() + "fovea-e2e-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Every file below, hidden ones too, relative to the folder.
    func files(in folder: String) -> [String] {
        (FileManager.default.enumerator(atPath: "\(path)/\(folder)")?.allObjects as? [String] ?? []).sorted()
    }
}
