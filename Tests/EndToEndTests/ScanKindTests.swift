import Foundation
import NIfTIFile
import Testing
import VolumeModel

@Suite("Scans of every kind, end to end", .serialized)
struct ScanKindTests {
    private static let affine = Affine(rows: [[-1, 0, 0, 20], [0, 1.5, 0, -30], [0, 0, 2, 5]])

    /// A box of texture in empty space, over time.
    private static func write<V: Voxel>(
        _ path: String, _ type: VoxelType, timepoints: Int = 1, affine: Affine = affine, _ value: (Int, Int, Int, Int) -> V
    ) throws {
        let shape = try Shape(columns: 40, rows: 36, slices: 20, timepoints: timepoints)
        var values: [V] = []
        for t in 0..<timepoints {
            for z in 0..<20 {
                for y in 0..<36 {
                    for x in 0..<40 {
                        let isInside = (5..<35).contains(x) && (4..<32).contains(y) && (2..<18).contains(z)
                        values.append(isInside ? value(x, y, z, t) : V(nearest: 0))
                    }
                }
            }
        }
        let volume = try Volume(shape: shape, voxelType: type, values: values)
        try NIfTIFile.write(
            try NIfTIImage(
                header: try NIfTIHeader.make(shape: shape, voxelType: type, affine: affine, description: "scan"),
                voxels: volume.voxels), to: path)
    }

    /// Sends on loopback to a receiver of its own.
    private static func send(_ scratch: Scratch, _ arguments: [String]) async throws -> (sender: Program, receiver: Program) {
        let receiver = try Program(
            "fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--once", "--json"])
        let (code, sender) = try await Program.run(
            "fovea",
            ["send"] + arguments + [
                "--to", "127.0.0.1:\(try await Transfer.port(of: receiver))", "--session", "s", "--json", "--encoding", "fast",
            ])
        #expect(code == 0, "\(sender.standardError)")
        #expect(try await receiver.exitCode(seconds: 30) == 0, "\(receiver.standardError)")
        return (sender, receiver)
    }

    private static func texture(_ x: Int, _ y: Int, _ z: Int, _ t: Int) -> Int { 200 + (x * 5 + y * 3 + z * 7 + t * 40) % 300 }

    /// Neither a value table's few values, nor whole numbers.
    private static func real(_ x: Int, _ y: Int, _ z: Int, _ t: Int) -> Double {
        Double(texture(x, y, z, t)) / 7 + Double((x &* 73_856_093 ^ y &* 19_349_663 ^ z &* 83_492_791 ^ t) & 0xffff) / 65536
    }

    @Test("A volume over time comes bit for bit, its region at every time point", arguments: [VoxelType.int16, .float32])
    func overTime(type: VoxelType) async throws {
        let scratch = try Scratch()
        let path = scratch.file("scan.nii")
        if type == .int16 {
            try Self.write(path, type, timepoints: 4) { Int16(Self.texture($0, $1, $2, $3)) }
        } else {
            try Self.write(path, type, timepoints: 4) { Float(Self.real($0, $1, $2, $3)) }
        }
        let (sender, receiver) = try await Self.send(scratch, [path, "--box", "10:20,10:20,5:12"])
        #expect(try Transfer.bytes(scratch.file("in/s/scan.nii.gz")) == (try Transfer.bytes(path)))
        #expect((receiver.event("summary")?["volumes"] as? [[String: Any]])?.first?["state"] as? String == "lossless")
        #expect(sender.event("summary")?["receipt"] is String)
    }

    @Test(
        "Floats of either width come bit for bit, infinities and not-a-number with them", arguments: [VoxelType.float32, .float64])
    func floats(type: VoxelType) async throws {
        let scratch = try Scratch()
        let path = scratch.file("scan.nii.gz")
        func value(_ x: Int, _ y: Int, _ z: Int, _ t: Int) -> Double {
            switch (x, y, z) {
            case (12, 12, 6), (30, 30, 15): .nan
            case (13, 12, 6): .infinity
            case (14, 12, 6): -.infinity
            default: Self.real(x, y, z, t)
            }
        }
        if type == .float32 {
            try Self.write(path, type) { Float(value($0, $1, $2, $3)) }
        } else {
            try Self.write(path, type) { value($0, $1, $2, $3) }
        }
        let (sender, _) = try await Self.send(scratch, [path, "--box", "10:20,10:20,5:12"])
        #expect(try Transfer.bytes(scratch.file("in/s/scan.nii.gz")) == (try Transfer.bytes(path)))
        let fidelity = try #require(sender.event("summary")?["fidelity"] as? [String: [String: Any]])
        #expect(fidelity["roi_base"]?["nonfinite_voxels"] as? Int == 3)
        #expect(fidelity["background_base"]?["nonfinite_voxels"] as? Int == 1)
        for layer in ["roi_base", "background_base"] {
            #expect(fidelity[layer]?["psnr_db"] is Double && fidelity[layer]?["max_abs_error"] is Double, "\(layer)")
        }
    }

    @Test("A preview of a scan with voxels that are not finite has a receipt, and its figures are of the others")
    func lossyWithHoles() async throws {
        let scratch = try Scratch()
        let path = scratch.file("scan.nii")
        try Self.write(path, .float32) { x, y, z, t in (x, y, z) == (12, 12, 6) ? Float.nan : Float(Self.real(x, y, z, t)) }
        _ = try await Self.send(scratch, [path, "--box", "10:20,10:20,5:12", "--until", "lossy"])
        let inspected = try await Program.run("fovea", ["inspect", scratch.file("in/s"), "--json"])
        #expect(inspected.code == 0, "\(inspected.program.standardError)")
        let volume = try #require((inspected.program.event("summary")?["volumes"] as? [[String: Any]])?.first)
        let region = try #require((volume["regions"] as? [[String: Any]])?.first)
        #expect(region["max_error"] is Double)
    }

    @Test("One voxel far off the rest does not make a blank preview look good", arguments: [-32768, 1e9] as [Double])
    func sentinel(value: Double) async throws {
        let scratch = try Scratch()
        let path = scratch.file("scan.nii")
        try Self.write(path, .float32) { x, y, z, t in (x, y, z) == (6, 6, 4) ? Float(value) : Float(Self.real(x, y, z, t)) }
        let (code, program) = try await Program.run(
            "fovea", ["encode", path, "--box", "10:20,10:20,5:12", "--out", scratch.file("a.fovea"), "--json"])
        #expect(code == 0, "\(program.standardError)")
        let fidelity = try #require(program.event("summary")?["fidelity"] as? [String: [String: Any]])
        let range = try #require(fidelity["roi_base"]?["range"] as? [Double])
        #expect(range[0] > 0 && range[1] < 100, "\(range)")
        let error = try #require(fidelity["roi_base"]?["max_abs_error"] as? Double)
        let psnr = try #require(fidelity["roi_base"]?["psnr_db"] as? Double)
        // Whatever the preview is worth, the figure agrees with the error: no 125 dB beside one as large as the range.
        #expect(psnr < 60 && (error < range[1] - range[0] || psnr < 20), "\(psnr) dB, error \(error)")
        // The other preview, decoded and compared, has the same figure.
        #expect(
            try await Program.run(
                "fovea", ["decode", scratch.file("a.fovea"), "--out", scratch.file("b.nii"), "--layers", "lossy"]
            )
            .code == 0)
        let compared = try await Program.run(
            "fovea", ["compare", path, scratch.file("b.nii"), "--box", "10:20,10:20,5:12", "--json"])
        let summary = try #require(compared.program.event("summary"))
        #expect(abs(try #require(summary["robust_psnr_db"] as? Double) - psnr) < 0.5)
        #expect(summary["units"] as? String == "stored" && summary["nonfinite_voxels"] as? Int == 0)
    }

    @Test("Of a volume over time the first time point is segmented, and the mask has one")
    func segmentedOverTime() async throws {
        let scratch = try Scratch()
        let path = scratch.file("scan.nii")
        try Self.write(path, .int16, timepoints: 3) { Int16(Self.texture($0, $1, $2, $3)) }
        let (code, program) = try await Program.run("fovea", ["segment", path, "--out", scratch.file("mask.nii"), "--json"])
        #expect(code == 0 && program.standardError.contains("the first of its time points"), "\(program.standardError)")
        let mask = try NIfTIFile.read(scratch.file("mask.nii")).volume
        #expect(mask.shape == (try Shape(columns: 40, rows: 36, slices: 20)))
        let sent = try await Program.run("fovea", ["encode", path, "--mask", scratch.file("mask.nii"), "--out", scratch.file("a")])
        // A mask without a voxel is refused; one of another shape would be, too, with other words.
        #expect(sent.code == 0 || sent.program.standardError.contains("no voxel of the mask"), "\(sent.program.standardError)")
    }

    @Test("Told to look for nothing, no model is read, and all of the volume goes alike")
    func noModel() async throws {
        let scratch = try Scratch()
        try Self.write(scratch.file("scan.nii"), .int16) { Int16(Self.texture($0, $1, $2, $3)) }
        let (code, program) = try await Program.run(
            "fovea", ["encode", scratch.file("scan.nii"), "--no-model", "--out", scratch.file("a.fovea")],
            environment: ["FOVEA_MODELS": scratch.file("none")])
        #expect(code == 0 && program.standardError.isEmpty, "\(program.standardError)")
        let volume = try #require(
            try await
                (Program.run("fovea", ["inspect", scratch.file("a.fovea"), "--json"]).program.event("summary")?["volumes"]
                as? [[String: Any]])?.first)
        #expect(volume["roi_source"] as? String == "everything")
        #expect((volume["roi_boxes"] as? [String])?.count == 1)
        let both = try await Program.run(
            "fovea", ["encode", scratch.file("scan.nii"), "--no-model", "--model", "x.onnx", "--out", scratch.file("b.fovea")])
        #expect(both.code == 64)
    }

    @Test("A mask that is mirrored with its header marks the side of the patient that it marked before")
    func mirroredMask() async throws {
        let scratch = try Scratch()
        let (scan, mask, mirrored) = (scratch.file("flair.nii"), scratch.file("mask.nii"), scratch.file("mirrored.nii"))
        try Self.write(scan, .int16) { Int16(Self.texture($0, $1, $2, $3)) }
        let columns = try NIfTIFile.read(scan).volume.shape.columns
        var rows = Self.affine.rows
        for row in 0..<3 {
            rows[row][3] += rows[row][0] * Double(columns - 1)
            rows[row][0] = -rows[row][0]
        }
        try Self.write(mask, .uint8) { x, y, z, _ in UInt8((3..<8).contains(x) && (4..<9).contains(y) && z == 5 ? 1 : 0) }
        try Self.write(mirrored, .uint8, affine: Affine(rows: rows)) { x, y, z, _ in
            UInt8((3..<8).contains(columns - 1 - x) && (4..<9).contains(y) && z == 5 ? 1 : 0)
        }
        var boxes: [String] = []
        for file in [mask, mirrored] {
            let archive = scratch.file("\(boxes.count).fovea")
            let (code, program) = try await Program.run("fovea", ["encode", scan, "--mask", file, "--out", archive])
            #expect(code == 0, "\(program.standardError)")
            let inspected = try await Program.run("fovea", ["inspect", archive]).program.standardOutput
            boxes.append(try #require(inspected.split(separator: "\n").first { $0.contains("regions by mask") }).description)
        }
        #expect(boxes[0] == boxes[1])
        // By their indices the two differ, and compare says why.
        let (code, program) = try await Program.run("fovea", ["compare", mask, mirrored, "--json"])
        #expect(code == 1 && program.event("summary")?["identical_geometry"] as? Bool == false, "\(program.standardError)")
        #expect(try await Program.run("fovea", ["compare", mask, mask, "--json"]).code == 0)
    }

    @Test("A mask or a second volume that lies elsewhere in the patient is refused in one line that names both and what differs")
    func otherPlace() async throws {
        let scratch = try Scratch()
        let (first, second, mask) = (scratch.file("flair.nii"), scratch.file("t1.nii"), scratch.file("mask.nii"))
        try Self.write(first, .int16) { Int16(Self.texture($0, $1, $2, $3)) }
        var rows = Self.affine.rows
        rows[0][3] += 12
        try Self.write(second, .int16, affine: Affine(rows: rows)) { Int16(Self.texture($0, $1, $2, $3)) }
        rows = Self.affine.rows
        rows[2][3] += 500
        try Self.write(mask, .uint8, affine: Affine(rows: rows)) { x, y, z, _ in UInt8((10..<15).contains(x) ? 1 : 0) }
        let cases = [
            (["encode", first, "--mask", mask, "--out", scratch.file("a")], mask, "nothing of this mask lies within"),
            (["segment", first, second, "--out", scratch.file("a.nii")], second, "12.0 mm"),
            (["compare", first, first, "--mask", mask], mask, "nothing of this mask lies within"),
            (["send", first, second, "--box", "10:20,10:20,5:12", "--to", "127.0.0.1:9"], second, "12.0 mm"),
        ]
        for (arguments, other, difference) in cases {
            let (code, program) = try await Program.run("fovea", arguments)
            #expect(code == 65, "\(arguments): \(program.standardError)")
            let lines = program.standardError.split(separator: "\n")
            #expect(
                lines.count == 1 && lines[0].contains(other) && lines[0].contains(first) && lines[0].contains(difference),
                "\(lines)")
        }
    }

    @Test("Files as strangers write them are sent with a remark, and nothing else is on standard output or error")
    func remarks() async throws {
        let scratch = try Scratch()
        let path = scratch.file("scan.nii.gz")
        try Self.write(path, .int16) { Int16(Self.texture($0, $1, $2, $3)) }
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let cut = scratch.file("cut.nii.gz")
        try Data(whole.dropLast(8)).write(to: URL(fileURLWithPath: cut))
        let (code, program) = try await Program.run(
            "fovea", ["encode", cut, "--box", "10:20,10:20,5:12", "--out", scratch.file("a.fovea"), "--json"])
        #expect(code == 0)
        #expect(program.standardError.split(separator: "\n").count == 1 && program.standardError.contains("before its checksum"))
        #expect(program.standardOutput.split(separator: "\n").allSatisfy { $0.hasPrefix("{") })
        #expect(try await Program.run("fovea", ["decode", scratch.file("a.fovea"), "--out", scratch.file("b.nii")]).code == 0)
        #expect(try Transfer.bytes(scratch.file("b.nii")) == (try Transfer.bytes(path)))
    }

    @Test("Lengths are in millimetres whatever the header counts in")
    func units() async throws {
        let scratch = try Scratch()
        let path = scratch.file("scan.nii")
        try Self.write(path, .int16) { Int16(Self.texture($0, $1, $2, $3)) }
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let millimetres = try await Program.run("fovea", ["inspect", path, "--json"]).program.event("summary")
        bytes[123] = 3
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let micrometres = try await Program.run("fovea", ["inspect", path, "--json"]).program.event("summary")
        #expect(millimetres?["spacing_mm"] as? [Double] == [1, 1.5, 2])
        let spacing = try #require(micrometres?["spacing_mm"] as? [Double])
        #expect(zip(spacing, [0.001, 0.0015, 0.002]).allSatisfy { abs($0 - $1) < 1e-9 }, "\(spacing)")
    }

    @Test("A FIFO in a volume's place is refused at once by every command")
    func fifo() async throws {
        let scratch = try Scratch()
        try #require(mkfifo(scratch.file("pipe"), 0o600) == 0)
        for arguments in [
            ["inspect", scratch.file("pipe")], ["compare", scratch.file("pipe"), scratch.file("pipe")],
            ["decode", scratch.file("pipe"), "--out", scratch.file("a.nii")],
            ["encode", scratch.file("pipe"), "--box", "0:1,0:1,0:1", "--out", scratch.file("a.fovea")],
        ] {
            let program = try Program("fovea", arguments)
            #expect(try await program.exitCode(seconds: 20) == 66, "\(arguments)")
            #expect(program.standardError.contains(": not a "), "\(program.standardError)")
            if program.isRunning { program.signal(SIGKILL) }
        }
    }
}
