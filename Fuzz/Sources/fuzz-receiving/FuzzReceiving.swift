internal import Fuzzing
internal import HostileInput

/// Manifest, tables, contexts and assembling, out of whatever the fuzzer makes, all digests right.
@main
struct FuzzReceiving {
    static func main() {
        fuzz(seeds: { try seeds() }) { bytes in expectNone(wait { await HostileSession(bytes).receive() }) }
    }

    private static func seeds() throws -> [(name: String, bytes: [UInt8])] {
        try wait { await Result { try await HostileSession.seeds() } }.get().map { ($0.name, $0.session.bytes) }
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
