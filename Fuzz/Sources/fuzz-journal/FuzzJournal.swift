internal import Fuzzing
internal import HostileInput

/// A journal out of whatever the fuzzer makes, its checksums right or not, and the session that goes on with it.
@main
struct FuzzJournal {
    static func main() {
        fuzz(seeds: { try seeds() }) { bytes in expectNone(wait { await HostileJournal(bytes).receive(in: "/dev/shm") }) }
    }

    private static func seeds() throws -> [(name: String, bytes: [UInt8])] {
        let sessions = wait { try? await HostileSession.seeds() } ?? []
        return sessions.map { ($0.name, HostileJournal.seed($0.session)) }
    }
}
