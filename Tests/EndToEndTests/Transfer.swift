import Foundation
import NIfTIFile
import Phantom
import VolumeModel

/// A receiver, a relay and a sender as three processes.
struct Transfer {
    let scratch: Scratch
    let receiver: Program
    let relay: Program
    let sender: Program

    /// Starts all three, the receiver first.
    static func start(
        _ scratch: Scratch, volumes: [String], arguments: [String] = [], link: String = "rural-4g", transport: String = "rural-4g",
        receiverTransport: String = "rural-4g", receiverArguments: [String] = [], session: String = "s", seed: Int = 1
    ) async throws -> Transfer {
        let receiver = try Program(
            "fovea",
            [
                "receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--once", "--json", "--transport",
                receiverTransport,
            ] + receiverArguments)
        let port = try await Self.port(of: receiver)
        let relay = try Program(
            "netsim",
            ["relay", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:\(port)", "--link", link, "--seed", "\(seed)", "--json"])
        let sender = try Program(
            "fovea",
            ["send"] + volumes + [
                "--to", "127.0.0.1:\(try await Self.port(of: relay))", "--transport", transport, "--session", session, "--json",
            ] + arguments)
        return Transfer(scratch: scratch, receiver: receiver, relay: relay, sender: sender)
    }

    struct NotListening: Error {
        let message: String
    }

    static func port(of program: Program) async throws -> Int {
        guard let port = try await program.waitFor("listening", seconds: 20)?["port"] as? Int else {
            throw NotListening(message: program.standardError)
        }
        return port
    }

    /// Waits for both ends.
    func finish() async throws -> (sender: Int32?, receiver: Int32?) {
        let codes = (try await sender.exitCode(), try await receiver.exitCode(seconds: 30))
        relay.signal(SIGTERM)
        _ = try await relay.exitCode(seconds: 5)
        return codes
    }

    /// A small head with its labels.
    static func phantom(_ scratch: Scratch, columns: Int = 96, rows: Int = 96, slices: Int = 62, seed: UInt64 = 1) throws -> (
        volume: String, mask: String
    ) {
        let head = PhantomHead.generate(try PhantomParameters(seed: seed, columns: columns, rows: rows, slices: slices))
        let shape = try Shape(columns: columns, rows: rows, slices: slices)
        let affine = Affine(rows: [[-2.1, 0.3, 0, 90], [0.2, -2.2, 0.4, 110], [0, 0.5, 2.4, -70]])
        let (volume, mask) = (scratch.file("head.nii.gz"), scratch.file("labels.nii.gz"))
        try NIfTIFile.write(
            try NIfTIImage(
                header: try NIfTIHeader.make(shape: shape, voxelType: .int16, affine: affine, description: "head"),
                voxels: head.flair.withUnsafeBytes { Array($0) }), to: volume)
        try NIfTIFile.write(
            try NIfTIImage(
                header: try NIfTIHeader.make(shape: shape, voxelType: .uint8, affine: affine, description: "labels"),
                voxels: head.labels), to: mask)
        return (volume, mask)
    }

    /// A file's uncompressed bytes.
    static func bytes(_ path: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try NIfTIFile.read(path).forEachPart { bytes += $0 }
        return bytes
    }
}
