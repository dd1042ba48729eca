import Foundation
import NIfTIFile
import Testing
import VolumeModel

@Suite("Commands", .serialized)
struct CommandTests {
    @Test(
        "A volume coded to a file comes back bit for bit, and its previews are what they claim",
        arguments: ["diagnostic", "fast", "paper"])
    func encodeDecode(_ profile: String) async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let file = scratch.file("head.fovea")
        let encoded = try await Program.run(
            "fovea", ["encode", volume, "--mask", mask, "--encoding", profile, "--out", file, "--json"])
        #expect(encoded.code == 0, "\(encoded.program.standardError)")
        let summary = try #require(encoded.program.event("summary"))
        #expect(summary["total_bytes"] as? Int == (try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int))
        let decoded = try await Program.run("fovea", ["decode", file, "--out", scratch.file("all.nii.gz"), "--json"])
        #expect(decoded.code == 0, "\(decoded.program.standardError)")
        #expect(try Transfer.bytes(scratch.file("all.nii.gz")) == (try Transfer.bytes(volume)))
        #expect(
            try await Program.run("fovea", ["decode", file, "--out", scratch.file("lossy.nii"), "--layers", "lossy"]).code == 0)
        let box = try #require((summary["roi_boxes"] as? [String])?.first)
        let compared = try await Program.run("fovea", ["compare", volume, scratch.file("lossy.nii"), "--box", box, "--json"])
        let measured = try #require(compared.program.event("summary")?["max_abs_error"] as? Double)
        let announced = ((summary["fidelity"] as? [String: Any])?["roi_base"] as? [String: Any])?["max_abs_error"] as? Double
        #expect(measured == announced)
        #expect(compared.program.event("summary")?["identical_voxels"] as? Bool == false)
        #expect(
            try await Program.run("fovea", ["inspect", file, "--json"]).program.event("summary")?["kind"] as? String == "fovea")
    }

    @Test("A .fovea file that is cut or altered is refused in one line, and nothing is written", arguments: 1...12)
    func alteredFile(_ seed: Int) async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 30)
        let file = scratch.file("head.fovea")
        #expect(try await Program.run("fovea", ["encode", volume, "--mask", mask, "--encoding", "fast", "--out", file]).code == 0)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        if seed % 3 == 0 { bytes.removeLast(bytes.count * seed / 13) } else { bytes[(bytes.count - 1) * seed / 13] ^= UInt8(seed) }
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        let (code, program) = try await Program.run("fovea", ["decode", file, "--out", scratch.file("out.nii")])
        #expect(code == 65, "seed \(seed): \(program.standardError)")
        #expect(program.standardError.split(separator: "\n").count == 1)
        #expect(!FileManager.default.fileExists(atPath: scratch.file("out.nii")))
    }

    @Test("Wrong use, missing files and bad data have their own exit codes and one line each")
    func exitCodes() async throws {
        let scratch = try Scratch()
        let (volume, _) = try Transfer.phantom(scratch, columns: 32, rows: 32, slices: 20)
        let bad = scratch.file("bad.nii")
        try Data("not a volume".utf8).write(to: URL(fileURLWithPath: bad))
        let broken = scratch.file("broken.onnx")
        try Data("no network".utf8).write(to: URL(fileURLWithPath: broken))
        try Data("{}".utf8).write(to: URL(fileURLWithPath: scratch.file("broken.json")))
        let cases: [([String], Int32)] = [
            (["send"], 64), (["send", volume, "--to", "nowhere"], 64), (["encode", volume, "--out", "x", "--box", "1:2"], 64),
            (["encode", volume, "--out", scratch.file("x"), "--box", "0:99,0:9,0:9"], 64),
            (["encode", volume, "--mask", "a", "--box", "b", "--out", "x"], 64),
            (["inspect", scratch.file("none.nii")], 66), (["inspect", bad], 65), (["compare", bad, volume], 65),
            (["encode", volume, "--out", "/nonexistent/x.fovea", "--box", "0:9,0:9,0:9"], 74),
            (["segment", volume, "--out", scratch.file("m.nii"), "--model", scratch.file("none.onnx")], 66),
            (["segment", volume, "--out", scratch.file("m.nii"), "--model", broken], 65),
            (["encode", volume, "--out", scratch.file("x"), "--model", broken, "--box", "0:9,0:9,0:9"], 64),
            (["encode", volume, "--out", "x", "--encoding", "none"], 66),
            (["phantom", "--out", scratch.file("p"), "--shape", "5x5x5"], 64),
            (["receive", "--listen", "300.0.0.1:1", "--insecure", "--out", scratch.file("r")], 69),
            (["receive", "--listen", "192.0.2.1:1", "--out", scratch.file("r")], 77),
            (["send", volume, "--to", "127.0.0.1:9", "--secret-file", scratch.file("none")], 66),
        ]
        for (arguments, expected) in cases {
            let (code, program) = try await Program.run("fovea", arguments)
            #expect(code == expected, "\(arguments): \(program.standardError)")
            #expect(program.standardError.split(separator: "\n").count == 1, "\(arguments): \(program.standardError)")
        }
    }

    @Test("Every command's help has an example")
    func help() async throws {
        for command in ["demo", "send", "receive", "encode", "decode", "segment", "compare", "inspect", "phantom"] {
            let (code, program) = try await Program.run("fovea", [command, "--help"])
            #expect(code == 0, "\(program.standardError)")
            #expect(program.standardOutput.contains("Example: fovea \(command)"))
        }
    }

    @Test("The decoder's process is confined by the kernel, and ends with its pipe")
    func confined() async throws {
        let pipe = Pipe()
        let worker = try Program("fovea-decoder", [], input: pipe)
        var status = ""
        for _ in 0..<500 where !status.contains("Seccomp:\t2") {
            try await Task.sleep(for: .milliseconds(10))
            status = (try? String(contentsOfFile: "/proc/\(worker.pid)/status", encoding: .utf8)) ?? ""
        }
        #expect(status.contains("Seccomp:\t2"))
        #expect(status.contains("NoNewPrivs:\t1"))
        #expect(worker.isRunning)
        try pipe.fileHandleForWriting.close()
        #expect(try await worker.exitCode(seconds: 10) == 0)
    }

    @Test("A phantom is the same for the same seed, and the segmenter finds its tumour")
    func phantom() async throws {
        let scratch = try Scratch()
        for folder in ["a", "b"] {
            #expect(
                try await Program.run("fovea", ["phantom", "--out", scratch.file(folder), "--seed", "4", "--shape", "96x96x62"])
                    .code == 0)
        }
        #expect(
            try Transfer.bytes(scratch.file("a/phantom-4_flair.nii.gz"))
                == (try Transfer.bytes(scratch.file("b/phantom-4_flair.nii.gz"))))
        let segmented = try await Program.run(
            "fovea", ["segment", scratch.file("a/phantom-4_flair.nii.gz"), "--out", scratch.file("m.nii.gz"), "--json"])
        #expect(segmented.program.event("summary")?["model"] as? String == "flair-unet")
        let compared = try await Program.run(
            "fovea", ["compare", scratch.file("a/phantom-4_seg.nii.gz"), scratch.file("m.nii.gz"), "--json"])
        #expect(try #require(compared.program.event("summary")?["dice"] as? Double) > 0.3)
    }
}
