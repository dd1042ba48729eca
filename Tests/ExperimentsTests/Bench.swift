import StrictYAML
import Experiments
import Foundation
import Profiles

/// A folder of its own with experiments in it, gone after the test.
final class Bench: Sendable {
    let path: String

    /// The profiles that come with the program.
    static let profiles = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("profiles").path

    init() throws {
        path = NSTemporaryDirectory() + "fovea-experiments-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }

    func text(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

    /// An experiment of this text, its profiles given by path so that no installation is looked for.
    func profile(_ text: String, data: String? = nil) throws -> ExperimentProfile {
        try ExperimentProfile.load(try write(text, to: "trial.yaml"), data: data)
    }

    /// The error with which an experiment of this text is refused; nil when it is not.
    func refusal(_ text: String) throws -> ProfileError? {
        do {
            _ = try profile(text)
            return nil
        } catch let error as ProfileError {
            return error
        }
    }

    /// Runs an experiment in virtual time and gathers it.
    func run(_ text: String, in folder: String, cells: [Int]? = nil) async throws -> Laboratory {
        var options = Laboratory.Options(folder: "\(path)/\(folder)", mode: .virtual)
        options.cells = cells
        let laboratory = try Laboratory(try profile(text), options)
        _ = try await laboratory.run { _ in }
        return laboratory
    }

    /// A small head over two thin links, both orders.
    static let small = """
        title: A small head
        question: Which order shows the region first?
        volumes:
          phantom: { seed: 3, shape: 96x96x62 }
        encodings: \(profiles)/encoding/fast.yaml
        transports: \(profiles)/transport/default.yaml
        orders: [roi-first, fifo]
        links:
          - name: thin
            rate: 64 kbit/s
            round_trip: 80 ms
            loss: 2 %
            queue: 64 KiB
          - name: far
            rate: 128 kbit/s
            round_trip: 600 ms
            loss: 1 %
            queue: 128 KiB
        seeds: 3

        """
}
