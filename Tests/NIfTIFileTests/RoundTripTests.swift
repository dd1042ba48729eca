import TestSupport
import NIfTIFile
import Testing
import VolumeModel

@Suite("Files are read and written bit for bit")
struct RoundTripTests {
    @Test("Every type, version and byte order comes back as it was, plain and compressed", arguments: VoxelType.allCases, [1, 2])
    func everyType(type: VoxelType, version: Int) throws {
        let folder = try TemporaryFolder()
        for isBigEndian in [false, true] {
            for sides in [[5, 4], [5, 4, 3], [5, 4, 3, 2]] {
                let header = HeaderBytes(version: version, isBigEndian: isBigEndian, sides: sides, type: type)
                let byteCount = sides.reduce(type.byteCount, *)
                let file = header.file(voxelByteCount: byteCount)
                let image = try NIfTIFile.read(folder.put(file, "in.nii"))
                #expect(image.header.version == version)
                #expect(image.header.isByteSwapped == isBigEndian)
                #expect(image.header.bytes == header.bytes)
                #expect(image.byteCount == file.count)
                #expect(image.volume.voxelType == type)
                let padded = sides + [1, 1]
                let shape = try Shape(columns: padded[0], rows: padded[1], slices: padded[2], timepoints: padded[3])
                #expect(image.volume.shape == shape)
                #expect(image.volume.voxels == native(Array(file.suffix(byteCount)), unit: isBigEndian ? type.byteCount : 1))
                #expect(image.fileBytes == file)

                try NIfTIFile.write(image, to: folder.place("out.nii"))
                #expect(try folder.contents("out.nii") == file)
                try NIfTIFile.write(image, to: folder.place("out.nii.gz"))
                #expect(try folder.contents("out.nii.gz").starts(with: [0x1f, 0x8b]))
                let again = try NIfTIFile.read(folder.place("out.nii.gz"))
                #expect(again.fileBytes == file)
                #expect(again.volume.voxels == image.volume.voxels)
                #expect(try NIfTIFile.read(folder.put(Gzip.member(file), "other.nii.gz")).fileBytes == file)
            }
        }
    }

    private func native(_ bytes: [UInt8], unit: Int) -> [UInt8] {
        stride(from: 0, to: bytes.count, by: unit).flatMap { bytes[$0..<$0 + unit].reversed() }
    }

    @Test("Compression is told by the bytes, not by the name")
    func misnamed() throws {
        let folder = try TemporaryFolder()
        let file = HeaderBytes(sides: [3, 3, 3], type: .uint8).file(voxelByteCount: 27)
        #expect(try NIfTIFile.read(folder.put(Gzip.member(file), "compressed.nii")).fileBytes == file)
        #expect(try NIfTIFile.read(folder.put(file, "plain.nii.gz")).fileBytes == file)
    }

    @Test("A file longer than one buffer comes back whole, in either byte order", arguments: [false, true])
    func large(isBigEndian: Bool) throws {
        let folder = try TemporaryFolder()
        let header = HeaderBytes(isBigEndian: isBigEndian, sides: [300, 301, 13], type: .int16)
        let file = header.file(voxelByteCount: 300 * 301 * 13 * 2)
        let image = try NIfTIFile.read(folder.put(file, "in.nii"))
        try NIfTIFile.write(image, to: folder.place("out.nii.gz"), compressionLevel: 1)
        #expect(try NIfTIFile.read(folder.place("out.nii.gz")).fileBytes == file)
        #expect(try NIfTIFile.read(folder.put(Gzip.member(file), "stored.nii.gz")).fileBytes == file)
    }

    @Test("Extensions and what follows the voxels are kept verbatim", arguments: [1, 2])
    func extensionsAndTrailer(version: Int) throws {
        let folder = try TemporaryFolder()
        var header = HeaderBytes(version: version, sides: [2, 2, 2], type: .int16)
        header.setVoxelOffset(header.bytes.count + 4 + 32)
        let extensions: [UInt8] = [1, 0, 0, 0, 32, 0, 0, 0, 6, 0, 0, 0] + Array("a note of 24 bytes, here".utf8)
        let trailer: [UInt8] = [9, 8, 7, 0, 0]
        let file = header.bytes + extensions + (1...16) + trailer
        for bytes in [file, Gzip.member(file)] {
            let image = try NIfTIFile.read(folder.put(bytes, "in"))
            #expect(image.extensions == extensions)
            #expect(image.volume.voxels == Array(1...16))
            #expect(image.trailer == trailer)
            try NIfTIFile.write(image, to: folder.place("out.nii"))
            #expect(try folder.contents("out.nii") == file)
        }
    }

    @Test("A voxel offset of 0 means right after the header, and stays 0 in the file", arguments: [1, 2])
    func offsetZero(version: Int) throws {
        let folder = try TemporaryFolder()
        var header = HeaderBytes(version: version, sides: [2, 2, 2], type: .uint8)
        header.setVoxelOffset(0)
        let file = header.file(voxelByteCount: 8)
        let image = try NIfTIFile.read(folder.put(file, "in.nii"))
        #expect(image.header.voxelOffset == (version == 1 ? 352 : 544))
        #expect(image.volume.voxels == Array(file.suffix(8)))
        #expect(image.fileBytes == file)
    }

    @Test("Dimensions of 1 beyond the fourth are taken")
    func sevenDimensions() throws {
        let folder = try TemporaryFolder()
        let header = HeaderBytes(sides: [3, 2, 2, 1, 1, 1, 1], type: .uint8)
        #expect(
            try NIfTIFile.read(folder.put(header.file(voxelByteCount: 12), "in.nii")).volume.shape
                == Shape(columns: 3, rows: 2, slices: 2))
    }

    @Test(
        "Gzip members follow one another as in one stream, whatever buffer they meet in",
        arguments: [40, 348, 352, 262_142, 262_143, 262_144, 262_145])
    func members(firstByteCount: Int) throws {
        let folder = try TemporaryFolder()
        let file = HeaderBytes(sides: [640, 640], type: .uint8).file(voxelByteCount: 640 * 640)
        // A member of stored blocks is 18 bytes and 5 a block longer than what it holds.
        let blocks = (firstByteCount - 18 + 65539) / 65540
        let held = firstByteCount < 1000 ? firstByteCount : firstByteCount - 18 - 5 * blocks
        let first = Gzip.member(Array(file[..<held]))
        if firstByteCount >= 1000 { try #require(first.count == firstByteCount) }
        let path = try folder.put(first + Gzip.member(Array(file[held...])), "in.nii.gz")
        #expect(try NIfTIFile.read(path).fileBytes == file)
    }

    @Test("An empty member between two others changes nothing, and zeros after the last are ignored")
    func emptyMemberAndPadding() throws {
        let folder = try TemporaryFolder()
        let file = HeaderBytes(sides: [4, 4, 4], type: .uint8).file(voxelByteCount: 64)
        let first = Gzip.member(Array(file[..<100]))
        let rest = Gzip.member(Array(file[100...]))
        #expect(try NIfTIFile.read(folder.put(first + Gzip.member([]) + rest, "in.nii.gz")).fileBytes == file)
        #expect(try NIfTIFile.read(folder.put(first + rest + [0, 0, 0, 0], "in.nii.gz")).fileBytes == file)
    }
}
