import Faults
import HTTPService
import Metrics

/// Runs a server while something is done with its port.
func withServer<Result: Sendable>(
    of store: MetricsStore, host: String = "127.0.0.1", timeout: Duration = .seconds(60), connectionLimit: Int = 64,
    _ body: @Sendable @escaping (UInt16) async throws -> Result
) async throws -> Result {
    let server = MetricsServer(store: store, host: host, port: 0, timeout: timeout, connectionLimit: connectionLimit)
    let (ports, continuation) = AsyncStream<UInt16>.makeStream()
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            defer { continuation.finish() }
            try await server.run { continuation.yield($0) }
            return nil
        }
        group.addTask {
            for await port in ports { return try await body(port) }
            return nil
        }
        defer { group.cancelAll() }
        while let result = try await group.next() {
            if let result { return result }
        }
        throw HTTPServiceError(.cannotListen, "the server has ended")
    }
}
