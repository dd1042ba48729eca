internal import DecoderHost
internal import Foundation
internal import Fuzzing
internal import HostileInput

/// HEVC and every other coder through the process that decodes what a peer sends: it may die of whatever the fuzzer makes; the one that asks may not.
///
/// FOVEA_DECODER names the program that decodes; the built one by default. It is not instrumented: AddressSanitizer does not start under its limits.
@main
struct FuzzWorker {
    static func main() {
        let executable = ProcessInfo.processInfo.environment["FOVEA_DECODER"] ?? "../.build/release/fovea-decoder"
        let decoder = ConfinedDecoder(floor: DecodingFloor(slotCount: 1, executable: executable))
        fuzz(seeds: { try HostileWork.seeds().enumerated().map { ("hevc-\($0)", $1) } }) { bytes in
            expectNone(wait { await HostileWork(bytes).decode(by: decoder) })
        }
    }
}
