import Archive
import Foundation
import NIfTIFile
import Testing
import VolumeModel
import WireFormat

@Suite("What goes first")
struct RegionChoiceTests {
    /// A volume of nothing but noise: no head, no tumour.
    private func noise(_ scratch: Scratch) throws -> String {
        let shape = try Shape(columns: 48, rows: 44, slices: 24)
        var state: UInt32 = 7
        let values = (0..<shape.voxelCount).map { _ -> Int16 in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Int16(state >> 24)
        }
        let path = scratch.file("noise.nii.gz")
        let header = try NIfTIHeader.make(shape: shape, voxelType: .int16, affine: .identity, description: "noise")
        try NIfTIFile.write(try NIfTIImage(header: header, voxels: values.withUnsafeBytes { Array($0) }), to: path)
        return path
    }

    @Test("Where the model finds nothing worth relying on, everything goes first, and the sender is told")
    func failSafe() async throws {
        let scratch = try Scratch()
        let (code, program) = try await Program.run(
            "fovea",
            ["encode", try noise(scratch), "--out", scratch.file("n.fovea"), "--encoding", "fast", "--until", "lossy", "--json"])
        #expect(code == 0)
        #expect(program.standardError.contains("the whole volume is sent as the region of interest"))
        #expect(program.event("summary")?["roi_boxes"] as? [String] == ["0:48,0:44,0:24"])
    }

    @Test("Where nobody knows what should go first, the profile decides: the whole volume, its middle first, or nothing")
    func whenUnsure() async throws {
        let scratch = try Scratch()
        let volume = try noise(scratch)
        let layers =
            "roi: { crf: 20, preset: superfast }\nbackground: { crf: 40, preset: superfast }\nexact: fast\nchunk_slices: 4\n"
        var first: [String: [Int]] = [:]
        for choice in ["whole", "centre-out", "none"] {
            let profile = scratch.file("\(choice).yaml")
            try (layers + "when_unsure: \(choice)\n").write(toFile: profile, atomically: true, encoding: .utf8)
            let out = scratch.file("\(choice).fovea")
            let (code, program) = try await Program.run("fovea", ["encode", volume, "--out", out, "--encoding", profile, "--json"])
            #expect(code == 0, "\(program.standardError)")
            let boxes = try #require(program.event("summary")?["roi_boxes"] as? [String])
            #expect(boxes == (choice == "none" ? [] : ["0:48,0:44,0:24"]), "\(choice)")
            let said = [
                "whole": "as the region of interest; give", "centre-out": "its middle slices first",
                "none": "no part of the volume goes first",
            ]
            #expect(program.standardError.contains(said[choice] ?? "?"), "\(program.standardError)")
            let back = scratch.file("\(choice).nii.gz")
            #expect(try await Program.run("fovea", ["decode", out, "--out", back]).code == 0)
            #expect(try await Program.run("fovea", ["compare", volume, back]).code == 0, "\(choice)")
            let file = try FoveaFile.open(out)
            first[choice] = file.manifest.volumes[0].plan.filter { $0.layer == .roiRefinement }.map(\.box.z.lowerBound)
        }
        #expect(first["whole"] == [0, 4, 8, 12, 16, 20])
        #expect(first["centre-out"] == [8, 12, 4, 16, 0, 20])
        #expect(first["none"] == [])
    }

    /// The shipped model with another side-car: one that is never sure, or always.
    private func model(_ scratch: Scratch, isSure: Bool) throws -> String {
        let (name, folder) = (isSure ? "sure" : "unsure", Program.project.path + "/models")
        let path = scratch.file("\(name).onnx")
        try FileManager.default.copyItem(atPath: "\(folder)/flair-unet.onnx", toPath: path)
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/flair-unet.json"))
        var record = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        var post = try #require(record["post"] as? [String: Any])
        post["unsure_below"] = isSure ? 0 : 1
        post["unsure_above_brain_fraction"] = isSure ? 1 : 0
        record["post"] = post
        // On its own: the model that finds the brain stays where it is.
        record["brain"] = nil
        try JSONSerialization.data(withJSONObject: record).write(to: URL(fileURLWithPath: scratch.file("\(name).json")))
        return path
    }

    @Test("What a model is unsure of is not sent first as if it were found: the whole volume is, and both ends' files say why")
    func unsure() async throws {
        let scratch = try Scratch()
        let (volume, _) = try Transfer.phantom(scratch, columns: 96, rows: 96, slices: 62)
        var first: [Bool: Box] = [:]
        for isSure in [true, false] {
            let out = scratch.file("\(isSure).fovea")
            let encoded = try await Program.run(
                "fovea",
                [
                    "encode", volume, "--model", try model(scratch, isSure: isSure), "--encoding", "fast", "--until", "lossy",
                    "--out",
                    out, "--json",
                ])
            #expect(encoded.code == 0, "\(encoded.program.standardError)")
            let boxes = try #require(encoded.program.event("summary")?["roi_boxes"] as? [String])
            first[isSure] = try Box(parsing: try #require(boxes.first))
            #expect(encoded.program.standardError.contains("is unsure of what it found") == !isSure)
            #expect(encoded.program.standardError.contains("the whole volume is sent as the region of interest") == !isSure)
            let inspected = try await Program.run("fovea", ["inspect", out, "--json"])
            let volumes = try #require(inspected.program.event("summary")?["volumes"] as? [[String: Any]])
            #expect(volumes.first?["roi_source"] as? String == (isSure ? "model" : "unsure"))
            let certainty = try #require(volumes.first?["roi_certainty"] as? Double)
            #expect(0.5...1 ~= certainty, "how sure the model was is for both ends' people")
        }
        // All that is not fill, and so more than what the model found.
        let (found, everything) = (try #require(first[true]), try #require(first[false]))
        #expect(everything.contains(found) && everything != found)
        let segmented = try await Program.run(
            "fovea",
            ["segment", volume, "--model", scratch.file("unsure.onnx"), "--out", scratch.file("m.nii.gz"), "--json"])
        #expect(segmented.program.event("summary")?["verdict"] as? String == "unsure")
        #expect(segmented.program.standardError.contains("unsure"))
    }

    @Test("Without ONNX Runtime the model cannot be used, the error says what to do, and a box still serves")
    func noRuntime() async throws {
        let scratch = try Scratch()
        let volume = try noise(scratch)
        let without = ["FOVEA_ONNXRUNTIME": scratch.file("none.so")]
        let arguments = ["encode", volume, "--out", scratch.file("n.fovea"), "--encoding", "fast", "--until", "lossy"]
        let (code, program) = try await Program.run("fovea", arguments, environment: without)
        #expect(code == 69)
        #expect(program.standardError.contains("make setup"))
        #expect(program.standardError.split(separator: "\n").count == 1)
        #expect(!FileManager.default.fileExists(atPath: scratch.file("n.fovea")))
        #expect(try await Program.run("fovea", arguments + ["--box", "4:30,4:30,4:20"], environment: without).code == 0)
    }

    @Test("Without the shipped model the error says where it is looked for")
    func noModel() async throws {
        let scratch = try Scratch()
        let (code, program) = try await Program.run(
            "fovea", ["segment", try noise(scratch), "--out", scratch.file("m.nii")],
            environment: ["FOVEA_MODELS": scratch.file("")])
        #expect(code == 66)
        #expect(program.standardError.contains("FOVEA_MODELS"))
    }

    @Test("Of several volumes the one that its name calls FLAIR is looked at, wherever it stands")
    func modalities() async throws {
        let scratch = try Scratch()
        let (flair, _) = try Transfer.phantom(scratch, columns: 96, rows: 96, slices: 62)
        let named = scratch.file("p_flair.nii.gz")
        try FileManager.default.copyItem(atPath: flair, toPath: named)
        let image = try NIfTIFile.read(flair)
        let other = scratch.file("p_t1.nii.gz")
        try NIfTIFile.write(
            try NIfTIImage(header: image.header, voxels: image.volume.voxels.map { _ in 0 }), to: other)
        let both = try await Program.run("fovea", ["segment", other, named, "--out", scratch.file("a.nii"), "--json"])
        let alone = try await Program.run("fovea", ["segment", named, "--out", scratch.file("b.nii"), "--json"])
        #expect(both.code == 0 && alone.code == 0)
        #expect(try Transfer.bytes(scratch.file("a.nii")) == (try Transfer.bytes(scratch.file("b.nii"))))
        #expect((alone.program.event("summary")?["mask_voxels"] as? Int ?? 0) > 0)
        let empty = try await Program.run("fovea", ["segment", other, "--out", scratch.file("c.nii"), "--json"])
        #expect(empty.program.event("summary")?["verdict"] as? String == "none")
        #expect(empty.program.standardError.contains("t1"))
    }
}
