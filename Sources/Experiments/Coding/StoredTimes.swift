internal import Faults
internal import Foundation

/// Measured times in a file, so that they are measured once.
struct StoredTimes: Codable {
    private struct Run: Codable {
        let ready: [UInt32: Double]
        let applied: [UInt32: Double]
        let exact: Double?
        let done: Double?
    }
    private let version: Int
    private let runs: [Run]

    private static let byteLimit = 16 << 20

    init(records: [TransferRecord]) {
        version = 1
        runs = records.map { record in
            Run(
                ready: Dictionary(record.ready.map { ($0.ordinal, $0.seconds) }) { first, _ in first },
                applied: Dictionary(record.applied.map { ($0.ordinal, $0.seconds) }) { first, _ in first }, exact: record.exact,
                done: record.done)
        }
    }

    init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path), data.count <= Self.byteLimit else {
            throw ExperimentError(.invalidResults, "\(path): no measured times")
        }
        self = try JSONDecoder().decode(StoredTimes.self, from: data)
        guard version == 1, !runs.isEmpty else { throw ExperimentError(.invalidResults, "\(path): times of another version") }
    }

    var records: [TransferRecord] {
        runs.map { run in
            var record = TransferRecord()
            record.ready = run.ready.sorted { $0.key < $1.key }.map { TransferRecord.Moment(seconds: $0.value, ordinal: $0.key) }
            record.applied = run.applied.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
                .map { TransferRecord.Moment(seconds: $0.value, ordinal: $0.key) }
            record.exact = run.exact
            record.done = run.done
            return record
        }
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try OutputFile.write(Array(try encoder.encode(self)), to: path)
    }
}
