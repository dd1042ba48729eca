import Foundation
import Testing

@Suite("What is wrong with a command is found before the receiver hears of it", .serialized)
struct SenderOrderTests {
    /// Ways to get a command wrong, each with its exit code.
    enum Mistake: String, CaseIterable {
        case missing, notNIfTI, cutHeader, cutVoxels, cutCompressed, otherShapes, boxOutside, maskMissing, maskOfOtherShape,
            maskEmpty
        case modelMissing, modelBroken, profileMissing, hostUnknown

        var code: Int32 {
            switch self {
            case .missing, .maskMissing, .modelMissing, .profileMissing: 66
            case .otherShapes, .boxOutside: 64
            case .hostUnknown: 69
            default: 65
            }
        }

        /// The arguments before `--to`.
        func arguments(_ scratch: Scratch, _ volume: String, _ mask: String) throws -> [String] {
            let path = scratch.file("PATIENT-\(rawValue).nii.gz")
            func write(_ bytes: Data, _ path: String) throws { try bytes.write(to: URL(fileURLWithPath: path)) }
            let whole = try Data(contentsOf: URL(fileURLWithPath: volume))
            let region = ["--mask", mask]
            switch self {
            case .missing: return [path] + region
            case .notNIfTI:
                try write(Data("nothing".utf8), path)
                return [path] + region
            case .cutHeader:
                try write(Data(try Transfer.bytes(volume).prefix(200)), path)
                return [path] + region
            case .cutVoxels:
                try write(Data(try Transfer.bytes(volume).dropLast(5000)), path)
                return [path] + region
            case .cutCompressed:
                try write(whole.dropLast(whole.count / 3), path)
                return [path] + region
            case .otherShapes:
                let other = try Scratch.phantom(in: scratch, "other", columns: 40)
                return [volume, other.volume] + region
            case .boxOutside: return [volume, "--box", "0:99,0:9,0:9"]
            case .maskMissing: return [volume, "--mask", path]
            case .maskOfOtherShape:
                var bytes = try Transfer.bytes(try Scratch.phantom(in: scratch, "other", columns: 40).mask)
                // Neither form says where it lies, or it would be brought to the volume's grid.
                for index in 252..<256 { bytes[index] = 0 }
                try write(Data(bytes), path)
                return [volume, "--mask", path]
            case .maskEmpty:
                var bytes = try Transfer.bytes(mask)
                for index in 352..<bytes.count { bytes[index] = 0 }
                try write(Data(bytes), path)
                return [volume, "--mask", path]
            case .modelMissing: return [volume, "--model", scratch.file("PATIENT.onnx")]
            case .modelBroken:
                try write(Data("no network".utf8), scratch.file("PATIENT.onnx"))
                try write(Data("{}".utf8), scratch.file("PATIENT.json"))
                return [volume, "--model", scratch.file("PATIENT.onnx")]
            case .profileMissing: return [volume, "--encoding", "none"] + region
            case .hostUnknown: return [volume] + region
            }
        }
    }

    @Test("It leaves nothing at the receiver, ends no '--once', and tells no path", arguments: Mistake.allCases)
    func mistake(_ mistake: Mistake) async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 30)
        let receiver = try Program(
            "fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--once", "--json"])
        let port = try await Transfer.port(of: receiver)
        let host = mistake == .hostUnknown ? "no-such-host.invalid" : "127.0.0.1"
        let secret = scratch.file("site.secret")
        try Data("0123456789abcdef0123456789abcdef".utf8).write(to: URL(fileURLWithPath: secret))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret)
        let wrong = try await Program.run(
            "fovea",
            ["send"] + mistake.arguments(scratch, volume, mask) + ["--to", "\(host):\(port)"]
                + (mistake == .hostUnknown ? ["--secret-file", secret] : []))
        #expect(wrong.code == mistake.code, "\(wrong.program.standardError)")
        #expect(wrong.program.standardError.split(separator: "\n").count == 1)
        #expect(receiver.isRunning)
        #expect(scratch.files(in: "in") == [])
        // The same receiver still waits for its one session, and gets it.
        let right = try await Program.run(
            "fovea", ["send", volume, "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(port)"])
        #expect(right.code == 0, "\(right.program.standardError)")
        #expect(try await receiver.exitCode(seconds: 20) == 0)
        #expect(!(receiver.standardOutput + receiver.standardError).contains("PATIENT"))
    }

    @Test("A model's fault while the receiver waits is told without a path")
    func late() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 30)
        // Slices as thin as this are beyond what the model is given; only looking at voxels shows it.
        let receiver = try Program(
            "fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--json"])
        let port = try await Transfer.port(of: receiver)
        let sender = try Program(
            "fovea", ["send", volume, "--mask", mask, "--encoding", "fast", "--session", "s", "--to", "127.0.0.1:\(port)"])
        _ = try await receiver.waitFor("manifest")
        sender.signal(SIGTERM)
        _ = try await sender.exitCode(seconds: 20)
        receiver.signal(SIGTERM)
        #expect(try await receiver.exitCode(seconds: 20) == 0)
        #expect(!(receiver.standardOutput + receiver.standardError).contains(scratch.path + "/head"))
    }
}

extension Scratch {
    /// A second head in a folder of its own.
    static func phantom(in scratch: Scratch, _ name: String, columns: Int) throws -> (volume: String, mask: String) {
        let made = try Scratch()
        let files = try Transfer.phantom(made, columns: columns, rows: 40, slices: 24)
        let kept = (volume: scratch.file("\(name).nii.gz"), mask: scratch.file("\(name)-labels.nii.gz"))
        try FileManager.default.moveItem(atPath: files.volume, toPath: kept.volume)
        try FileManager.default.moveItem(atPath: files.mask, toPath: kept.mask)
        return kept
    }
}
