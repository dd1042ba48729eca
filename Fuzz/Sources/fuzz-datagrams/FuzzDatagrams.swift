internal import Fuzzing
internal import HostileInput

/// Datagrams out of whatever the fuzzer makes, to a receiver's session or a sender's.
@main
struct FuzzDatagrams {
    static func main() {
        fuzz(
            seeds: {
                [
                    ("to-receiver", try HostileDatagrams.seed(toSender: false)),
                    ("to-sender", try HostileDatagrams.seed(toSender: true)),
                ]
            },
            { expectNone(HostileDatagrams($0).receive()) })
    }
}
