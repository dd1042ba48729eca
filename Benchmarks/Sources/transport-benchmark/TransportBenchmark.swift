internal import ArgumentParser
internal import Foundation

@main
struct TransportBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transport-benchmark",
        abstract: "Sends bytes from nowhere to nowhere by the sessions of fovea send and fovea receive, without coders and disks.",
        discussion: "Benchmarks/transport.py runs both ends over a simulated link, beside other transports.",
        subcommands: [SendBytes.self, ReceiveBytes.self])

    /// Prints one JSON object a line.
    static func say(_ fields: [String: Any]) {
        guard let data = try? JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys]) else { return }
        FileHandle.standardOutput.write(data + Data("\n".utf8))
    }

    static func seconds(since origin: ContinuousClock.Instant) -> Double { (ContinuousClock.now - origin) / .seconds(1) }
}
