internal import Concurrency
internal import FoveaKit
internal import Archive
internal import EncodingInput
internal import Faults
internal import Regions
internal import Transfer
internal import ArgumentParser
internal import Foundation
internal import HTTPService
internal import Metrics
internal import Profiles
package import ProgressiveCoding
internal import SRTTransport
internal import Secrecy
internal import Terminal
internal import VolumeModel
internal import WireFormat

/// The options for the source of the region of interest.
struct RegionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A NIfTI mask: voxels above zero are of interest.", valueName: "mask"))
    var mask: String?

    @Option(help: ArgumentHelp("A box of voxel indices, ends exclusive, taken as it is.", valueName: "x0:x1,y0:y1,z0:z1"))
    var box: String?

    @Option(
        help: ArgumentHelp(
            "A model that finds it, with its side-car beside it; the one that comes with Fovea by default.", valueName: "file.onnx")
    )
    var model: String?

    @Flag(help: "Look for nothing: all of the volume goes alike.")
    var noModel = false

    @Option(help: ArgumentHelp("Voxels added around a mask on every side.", valueName: "voxels"))
    var margin = 4

    func validate() throws {
        guard [mask, box, model].compactMap({ $0 }).count + (noModel ? 1 : 0) <= 1 else {
            throw ValidationError("give one of --mask, --box, --model and --no-model")
        }
        guard (0...512).contains(margin) else { throw ValidationError("--margin takes 0 to 512 voxels, not \(margin)") }
    }

    func choice() throws -> RegionChoice {
        if let mask { return .mask(path: mask) }
        if let box { return .box(try Box(parsing: box)) }
        return noModel ? .whole : .model(path: model)
    }
}

/// The options for how volumes become layers.
struct CodingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("An encoding profile.", valueName: "name|file"))
    var encoding = "auto"

    @Option(help: "How far to go.")
    var until = GoalName.lossless

    func preparation(_ volumes: [String], _ region: RegionOptions) throws -> Preparation {
        var preparation = Preparation(paths: volumes, encoding: try EncodingProfile.policy(encoding))
        preparation.regionChoice = try region.choice()
        preparation.margin = region.margin
        preparation.goal = until.goal
        return preparation
    }
}

/// The options for what protects a transfer.
struct ProtectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file with the secret that both ends share: encrypts, and authenticates every datagram. Nobody else may read it.",
            valueName: "file"))
    var secretFile: String?

    @Flag(help: "Speak in clear beyond this machine: only inside a network or tunnel that protects what passes.")
    var insecure = false

    func exposure() throws -> Exposure {
        var exposure = Exposure()
        exposure.secret = try secretFile.map { try Secret(path: $0) }
        exposure.allowsClear = insecure
        return exposure
    }
}

/// The option for where a command shows its figures.
struct MetricsOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Show figures over HTTP: /metrics for Prometheus, /metrics.json. Whoever reaches the port can read session names.",
            valueName: "host:port"))
    var metrics: String?

    /// Runs a command with a store, shown or not.
    func run<Result: Sendable>(_ console: Console, _ body: @escaping @Sendable (MetricsStore?) async throws -> Result) async throws
        -> Result
    {
        guard let metrics else { return try await body(nil) }
        let address = try HostPort(parsing: metrics)
        let store = MetricsStore()
        let server = MetricsServer(store: store, host: address.host, port: address.port)
        // What a command says of itself is said once the port is there.
        let bound = Gate()
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await naming("--metrics") {
                    try await server.run { port in
                        console.event("metrics", ["port": .integer(Int(port))])
                        bound.open()
                    }
                }
                return nil
            }
            group.addTask {
                try await bound.wait()
                return try await body(store)
            }
            while let result = try await group.next() {
                guard let result else { continue }
                group.cancelAll()
                return result
            }
            throw CancellationError()
        }
    }
}

/// Says of a port that is taken by which option another one is chosen.
func naming<Result>(_ option: String, _ body: () async throws -> Result) async throws -> Result {
    do {
        return try await body()
    } catch let error as TransportError where error.code == .portInUse {
        throw TransportError(.portInUse, "\(error.message); choose another \(option)")
    } catch let error as HTTPServiceError where error.code == .portInUse {
        throw HTTPServiceError(.portInUse, "\(error.message); choose another \(option)")
    }
}

struct JSONOption: ParsableArguments {
    @Flag(help: "Print one JSON object a line on standard output, and nothing else there.")
    var json = false
}

/// A goal by its name: help shows the raw values of a type, and a goal's are its numbers on the wire.
enum GoalName: String, CaseIterable, ExpressibleByArgument {
    case roi, lossy, lossless

    var goal: Goal {
        switch self {
        case .roi: .roi
        case .lossy: .lossy
        case .lossless: .lossless
        }
    }
}

extension TransmissionOrder: ExpressibleByArgument {}
extension FoveaFile.Layers: ExpressibleByArgument {}

extension LayerFidelity {
    /// Figures for a person, units named.
    var text: String {
        let strange = nonfiniteVoxelCount == 0 ? "" : ", \(nonfiniteVoxelCount) voxels not finite"
        return
            "\(Text.decibels(psnr)) against \(Text.stored(range)), greatest error \(Text.number(maxAbsoluteError)) stored units\(strange)"
    }
}

extension Text {
    /// A range of stored values.
    static func stored(_ range: RobustRange) -> String { "\(number(range.lowerBound))...\(number(range.upperBound))" }
}
