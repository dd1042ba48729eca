import Foundation
import NIfTIFile
import TestSupport
import Testing
import VolumeModel

@Suite("A folder with anything in it")
struct HostileFolderTests {
    @Test("Links, pipes, huge and malformed files are neither followed nor read beyond a limit, and the page goes on answering")
    func anything() async throws {
        try await Served.run(openByteLimit: 64 << 20) { folder in
            func write(_ name: String, _ bytes: Data) throws { try bytes.write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
            func session(_ name: String) throws -> String {
                try StoredFixture(name: name).write(folder)
                return "\(folder)/\(name)"
            }
            _ = try session("good")
            // A receipt that leads out, one that is a pipe, one that is too long, and several that are none.
            try FileManager.default.removeItem(atPath: "\(session("led-out"))/receipt.json")
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/led-out/receipt.json", withDestinationPath: "\(folder)/good/receipt.json")
            try FileManager.default.removeItem(atPath: "\(session("pipe"))/receipt.json")
            #expect(mkfifo("\(folder)/pipe/receipt.json", 0o600) == 0)
            _ = try session("long")
            try write("long/receipt.json", Data(repeating: 0x20, count: 3 << 20))
            _ = try session("deep")
            try write("deep/receipt.json", Data((String(repeating: "[", count: 100_000)).utf8))
            _ = try session("empty")
            try write("empty/receipt.json", Data())
            // Volumes in whose place are a link, a pipe, and little that unpacks to much.
            try FileManager.default.removeItem(atPath: "\(session("volume-link"))/head.nii.gz")
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/volume-link/head.nii.gz", withDestinationPath: "\(folder)/good/head.nii.gz")
            try FileManager.default.removeItem(atPath: "\(session("volume-pipe"))/head.nii.gz")
            #expect(mkfifo("\(folder)/volume-pipe/head.nii.gz", 0o600) == 0)
            let shape = try Shape(columns: 1024, rows: 1024, slices: 128)
            let header = try NIfTIHeader.make(shape: shape, voxelType: .uint8, affine: .identity, description: "much")
            _ = try session("much")
            try NIfTIFile.write(
                try NIfTIImage(header: header, voxels: [UInt8](repeating: 0, count: shape.voxelCount)),
                to: "\(folder)/much/head.nii.gz",
                compressionLevel: 1)
            _ = try session("none")
            try write("none/head.nii.gz", Data(repeating: 0x41, count: 1000))
        } _: { served in
            let events = try Events(served)
            defer { events.close() }
            let page = try await events.page()
            _ = try await events.list { $0["none"] != nil }
            for name in ["led-out", "pipe", "long", "deep", "empty", "volume-link", "volume-pipe", "none"] {
                let (status, session) = try await served.open(name, page: page)
                #expect(status == 200, "\(name)")
                #expect(session["state"] as? String == "failed", "\(name)")
                #expect((session["message"] as? String)?.isEmpty == false, "\(name)")
                #expect(session.volume()?["is_exact"] as? Bool != true, "\(name)")
            }
            #expect(try await served.open("much", page: page).status == 413)
            #expect(try await served.open("good", page: page).session["state"] as? String == "exact")
            for path in [
                "/volume/volume-link/0/file", "/volume/volume-pipe/0/file", "/receipt/led-out", "/receipt/pipe",
                "/volume/link/0/file",
            ] {
                #expect(await served.ask(path).status == 404, "\(path)")
            }
        }
    }
}
