import Foundation
import NIfTIFile
import Testing

/// Real volumes, where there are any: the folder in FOVEA_DATA, by default `shared/data` beside the project.
enum RealData {
    static let folder =
        ProcessInfo.processInfo.environment["FOVEA_DATA"] ?? Program.project.deletingLastPathComponent().path + "/shared/data"
    static let volumes: [String] = ((try? FileManager.default.contentsOfDirectory(atPath: folder + "/volumes")) ?? [])
        .filter { $0.hasSuffix(".nii.gz") || $0.hasSuffix(".nii") }.sorted()
}

@Suite("Real volumes over rural-4g", .serialized)
struct RealVolumeTests {
    @Test(
        "Every volume ends exact, header and voxels", .enabled(if: !RealData.volumes.isEmpty, "no volumes in FOVEA_DATA"),
        arguments: RealData.volumes)
    func everyVolume(_ name: String) async throws {
        let scratch = try Scratch()
        let source = "\(RealData.folder)/volumes/\(name)"
        let mask = RealData.volumes.first { $0.hasSuffix("_seg.nii.gz") && $0.prefix { $0 != "_" } == name.prefix { $0 != "_" } }
        let region = mask.map { ["--mask", "\(RealData.folder)/volumes/\($0)"] } ?? []
        let transfer = try await Transfer.start(scratch, volumes: [source], arguments: region)
        let codes = try await transfer.finish()
        #expect(codes == (0, 0), "\(transfer.sender.standardError) \(transfer.receiver.standardError)")
        let received = try #require((transfer.receiver.event("summary")?["volumes"] as? [[String: Any]])?.first?["path"] as? String)
        let inspected = try await Program.run("fovea", ["inspect", scratch.file("in/s"), "--json"])
        #expect(inspected.program.event("summary")?["verified"] as? Bool == true)
        #expect(transfer.sender.event("summary")?["receipt"] is String)
        let compared = try await Program.run("fovea", ["compare", source, received, "--json"])
        #expect(compared.program.event("summary")?["identical_voxels"] as? Bool == true)
        #expect(compared.program.event("summary")?["identical_header"] as? Bool == true)
    }
}
