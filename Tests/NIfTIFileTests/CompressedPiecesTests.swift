import TestSupport
import Foundation
import NIfTIFile
import Testing
import VolumeModel

@Suite("Compressed files made of pieces")
struct CompressedPiecesTests {
    /// Noise, so that pieces do not compress to nothing; more than two of them.
    private static func image(_ type: VoxelType = .int16, isSwapped: Bool = false) throws -> NIfTIImage {
        let shape = try Shape(columns: 120, rows: 101, slices: 131)
        var generator = SplitMix(state: 7)
        let bytes = (0..<shape.voxelCount * type.byteCount).map { _ in UInt8(truncatingIfNeeded: generator.next()) & 15 }
        let header = try NIfTIHeader.make(shape: shape, voxelType: type, affine: .identity, description: "pieces")
        return try NIfTIImage(header: header, voxels: bytes)
    }

    private struct SplitMix {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            return z ^ (z >> 27)
        }
    }

    private static func bytes(_ image: NIfTIImage) -> [UInt8] {
        var bytes: [UInt8] = []
        image.forEachPart { bytes += Array($0) }
        return bytes
    }

    @Test("A file with pieces that were compressed before the others is read as what it holds, without a remark")
    func ahead() throws {
        let image = try Self.image()
        let folder = try TemporaryFolder()
        var pieces = VoxelPieces(image.header)
        #expect(pieces.count == 4)
        for index in [2, 0] {
            let voxels = pieces.voxels(index)
            let piece = try pieces.deflate(
                image.volume.voxels.values(voxels.lowerBound * 2..<voxels.upperBound * 2), level: 1)
            pieces.keep(piece, at: index)
            #expect(pieces.has(index))
        }
        try NIfTIFile.write(image, to: folder.place("v.nii.gz"), pieces: pieces)
        let read = try NIfTIFile.read(folder.place("v.nii.gz"))
        #expect(Self.bytes(read) == Self.bytes(image))
        #expect(read.remarks == [])
    }

    @Test("Pieces cover every voxel once, whatever the box that touches them")
    func touching() throws {
        let image = try Self.image(.float64)
        let pieces = VoxelPieces(image.header)
        var next = 0
        for index in 0..<pieces.count {
            let voxels = pieces.voxels(index)
            #expect(voxels.lowerBound == next)
            next = voxels.upperBound
            #expect(pieces.touching(voxels) == index..<index + 1)
        }
        #expect(next == image.volume.shape.voxelCount)
        #expect(pieces.touching(0..<next) == 0..<pieces.count)
    }

    @Test("A compressed file is one gzip member that other programs read")
    func member() throws {
        let image = try Self.image()
        let folder = try TemporaryFolder()
        try NIfTIFile.write(image, to: folder.place("v.nii.gz"))
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-dc", folder.place("v.nii.gz")]
        let output = Pipe()
        gzip.standardOutput = output
        try gzip.run()
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        gzip.waitUntilExit()
        #expect(gzip.terminationStatus == 0)
        #expect(bytes == Self.bytes(image))
        // Some programs read the first member of a file and no other.
        let file = try Array(Data(contentsOf: URL(fileURLWithPath: folder.place("v.nii.gz"))))
        let heads = (0..<file.count - 3).filter {
            file[$0] == 0x1F && file[$0 + 1] == 0x8B && file[$0 + 2] == 8 && file[$0 + 3] == 0
        }
        #expect(heads.first == 0)
        #expect(
            Int(file[file.count - 4]) | Int(file[file.count - 3]) << 8 | Int(file[file.count - 2]) << 16 == bytes.count & 0xFFFFFF)
    }
}
