import Foundation
import NIfTIFile
import Testing
import VolumeModel

@Suite("Volumes too large for memory", .serialized)
struct LargeVolumeTests {
    /// Little to code, but 136 MB of voxels.
    private static func volume(_ scratch: Scratch) throws -> String {
        let shape = try Shape(columns: 512, rows: 512, slices: 260)
        var voxels = try PagedArray<UInt8>(zeros: 2 * shape.voxelCount)
        #expect(Paging.current.diskByteCount(voxels.count) > 0)
        try voxels.withUnsafeMutableBytes { raw in
            let values = raw.bindMemory(to: Int16.self)
            for z in 100..<120 {
                for y in 200..<250 {
                    for x in 180..<230 { values[(z * 512 + y) * 512 + x] = Int16(100 + (x * 7 + y * 3 + z) % 50) }
                }
            }
        }
        let path = scratch.file("large.nii")
        let header = try NIfTIHeader.make(shape: shape, voxelType: .int16, affine: .identity, description: "large")
        try NIfTIFile.write(try NIfTIImage(header: header, voxels: voxels), to: path)
        return path
    }

    private struct Ended {
        let sender: Program
        let receiver: Program
        let codes: (sender: Int32?, receiver: Int32?)
    }

    private static func send(
        _ volume: String, _ scratch: Scratch, senderPages: String, receiverPages: String, receiver options: [String] = []
    ) async throws -> Ended {
        let receiver = try Program(
            "fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--once", "--json"] + options,
            environment: ["TMPDIR": receiverPages])
        let port = try await Transfer.port(of: receiver)
        let sender = try Program(
            "fovea", ["send", volume, "--box", "180:230,200:250,100:120", "--to", "127.0.0.1:\(port)", "--session", "s", "--json"],
            environment: ["TMPDIR": senderPages])
        return Ended(
            sender: sender, receiver: receiver,
            codes: (try await sender.exitCode(seconds: 120), try await receiver.exitCode(seconds: 60)))
    }

    @Test("One travels exact, its voxels in files of the folder that was named, of which nothing is left")
    func exact() async throws {
        let scratch = try Scratch()
        let volume = try Self.volume(scratch)
        let folders = ["sender", "receiver"].map(scratch.file)
        for folder in folders { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
        let ended = try await Self.send(volume, scratch, senderPages: folders[0], receiverPages: folders[1])
        #expect(
            ended.codes.sender == 0 && ended.codes.receiver == 0, "\(ended.sender.standardError) \(ended.receiver.standardError)")
        let (sent, received) = (try NIfTIFile.read(volume), try NIfTIFile.read(scratch.file("in/s/large.nii.gz")))
        #expect(sent.volume.voxels == received.volume.voxels)
        #expect(sent.header.bytes == received.header.bytes)
        for folder in folders { #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == []) }
    }

    @Test("One that is too large for the model goes whole, and a remark says why")
    func tooLargeForTheModel() async throws {
        let scratch = try Scratch()
        let shape = try Shape(columns: 512, rows: 512, slices: 520)
        var voxels = try PagedArray<UInt8>(zeros: shape.voxelCount)
        try voxels.withUnsafeMutableBufferPointer { voxels in
            for row in 200..<220 { for x in 200..<230 { voxels[(260 * 512 + row) * 512 + x] = UInt8(x - 100) } }
        }
        let volume = scratch.file("huge.nii")
        let header = try NIfTIHeader.make(shape: shape, voxelType: .uint8, affine: .identity, description: "huge")
        try NIfTIFile.write(try NIfTIImage(header: header, voxels: voxels), to: volume)
        let encoder = try Program("fovea", ["encode", volume, "--out", scratch.file("huge.fovea")])
        #expect(try await encoder.exitCode(seconds: 120) == 0, "\(encoder.standardError)")
        let remark =
            "volumes of 512x512x520 are too large for the model flair-unet: the whole volume is sent as the region of interest"
        #expect(encoder.standardError.contains(remark), "\(encoder.standardError)")
        let decoder = try Program("fovea", ["decode", scratch.file("huge.fovea"), "--out", scratch.file("back.nii")])
        #expect(try await decoder.exitCode(seconds: 120) == 0, "\(decoder.standardError)")
        #expect(try NIfTIFile.read(scratch.file("back.nii")).volume.voxels == voxels)
    }

    @Test("Where there is no room for one, the sender says so and how to choose another folder, and nothing is sent")
    func noRoomAtSender() async throws {
        let scratch = try Scratch()
        let volume = try Self.volume(scratch)
        let sender = try Program(
            "fovea", ["send", volume, "--box", "180:230,200:250,100:120", "--to", "127.0.0.1:9"],
            environment: ["TMPDIR": scratch.file("nowhere")])
        #expect(try await sender.exitCode(seconds: 60) == 74)
        #expect(
            sender.standardError.contains("no room for 137 MB of voxels in \(scratch.file("nowhere"))"), "\(sender.standardError)")
        #expect(sender.standardError.contains("TMPDIR"))
    }

    @Test("A receiver without room for one, or not allowed so much, ends the session and says why", arguments: [nil, "100MB"])
    func noRoomAtReceiver(limit: String?) async throws {
        let scratch = try Scratch()
        let ended = try await Self.send(
            try Self.volume(scratch), scratch, senderPages: scratch.path,
            receiverPages: limit == nil ? scratch.file("nowhere") : scratch.path,
            receiver: limit.map { ["--max-disk", $0] } ?? [])
        #expect(ended.codes.sender == 69, "\(ended.sender.standardError)")
        #expect(ended.codes.receiver == (limit == nil ? 74 : 65), "\(ended.receiver.standardError)")
        let sentence =
            limit == nil ? "has no room to put the volumes of 's' together" : "bytes of disk to come together, above the limit of"
        for program in [ended.sender, ended.receiver] {
            #expect(program.standardError.contains(sentence), "\(program.standardError)")
        }
        #expect(!ended.sender.standardError.contains(scratch.file("nowhere")))
        #expect(!scratch.files(in: "in").contains { $0.hasSuffix("large.nii.gz") })
    }
}
