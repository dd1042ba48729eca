import Decoding
import DecoderHost
import Foundation
import ProgressiveCoding

/// Decoders that do what a chunk tells them to, and the files in which they leave their process numbers.
final class Probe: Sendable {
    static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("decoder-probe")
    private let folder = NSTemporaryDirectory() + "fovea-probe-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func floor(slots: Int = 2, _ change: (inout WorkerLimits) -> Void = { _ in }) -> DecodingFloor {
        var limits = WorkerLimits()
        change(&limits)
        return DecodingFloor(slotCount: slots, executable: Self.executable.path, limits: limits)
    }

    /// A chunk that makes a decoder do something, and note that in a file.
    func chunk(_ word: String, _ file: String, voxels: Int = 0) -> DecodeRequest {
        .compressed(payload: Array("\(word) \(folder)/\(file)".utf8), count: voxels)
    }

    /// The processes that have begun chunks of a file's name, in order.
    func processes(_ file: String) throws -> [pid_t] { notes(file).compactMap { $0.first.map(pid_t.init) } }

    /// The sizes of the chunks of a file's name that have begun, in order.
    func sizes(_ file: String) -> [Int] { notes(file).compactMap { $0.count > 1 ? $0[1] : nil } }

    private func notes(_ file: String) -> [[Int]] {
        let text = (try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map { $0.split(separator: " ").compactMap { Int($0) } }
    }

    /// Waits until a chunk of a file's name has begun.
    func begun(_ file: String) async throws -> pid_t {
        while true {
            if let process = try processes(file).last { return process }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Waits until a process is gone.
    func gone(_ process: pid_t) async throws {
        while kill(process, 0) == 0 { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// The soft limits of a process by name.
    func limits(of process: pid_t) throws -> [String: Int] {
        let text = try String(contentsOfFile: "/proc/\(process)/limits", encoding: .utf8)
        return Dictionary(
            text.split(separator: "\n").dropFirst().compactMap { line in
                let name = line.prefix(25).trimmingCharacters(in: .whitespaces)
                return Int(line.dropFirst(26).split(separator: " ").first ?? "").map { (name, $0) }
            }, uniquingKeysWith: { first, _ in first })
    }
}
