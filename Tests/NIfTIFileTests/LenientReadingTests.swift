import TestSupport
import Faults
import Foundation
import NIfTIFile
import Testing
import VolumeModel

@Suite("Files that break the format where nothing is lost by it")
struct LenientReadingTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func header(_ version: Int, bigEndian: Bool = false) -> HeaderBytes {
        HeaderBytes(version: version, isBigEndian: bigEndian, sides: [3, 2, 4], type: .int16)
    }

    @Test(
        "The datatype alone says what a voxel is: bitpix may be 0, and is remarked on when it says something else",
        arguments: [1, 2])
    func bitpix(version: Int) throws {
        for isBigEndian in [false, true] {
            for (bits, isRemarked) in [(0, false), (16, false), (8, true), (-1, true)] {
                var header = header(version, bigEndian: isBigEndian)
                header.put(Int16(bits), at: version == 1 ? 72 : 14)
                let file = header.file(voxelByteCount: 48)
                let image = try NIfTIFile.read(folder.put(file, "in.nii"))
                #expect(image.volume.voxelType == .int16)
                #expect(image.fileBytes == file, "the header's bytes stay as they are")
                #expect(image.remarks.isEmpty != isRemarked, "bitpix \(bits): \(image.remarks)")
            }
        }
    }

    @Test("Voxels behind a header whose magic says that they are elsewhere are read, from where it says", arguments: [1, 2])
    func halfOfPair(version: Int) throws {
        let headerByteCount = version == 1 ? 348 : 540
        for offset in [0, headerByteCount, headerByteCount + 4, headerByteCount + 20] {
            var header = header(version)
            header.bytes[(version == 1 ? 344 : 4) + 1] = UInt8(ascii: "i")
            header.setVoxelOffset(offset)
            let gap = offset == 0 ? 4 : offset - headerByteCount
            let voxels = (1...48).map { UInt8($0) }
            let file = header.bytes + [UInt8](repeating: 0, count: gap) + voxels
            for bytes in [file, Gzip.member(file)] {
                let image = try NIfTIFile.read(folder.put(bytes, "in.nii"))
                #expect(image.volume.voxels == voxels, "from byte \(offset)")
                #expect(image.fileBytes == file)
            }
        }
    }

    @Test(
        "A pair is read by either of its names, compressed or not, from the byte of the .img where its voxels begin",
        arguments: [1, 2])
    func pair(version: Int) throws {
        let voxels = (1...48).map { UInt8($0) }
        for (offset, isCompressed) in [(0, false), (16, true), (400, false)] {
            var header = header(version)
            header.bytes[(version == 1 ? 344 : 4) + 1] = UInt8(ascii: "i")
            header.setVoxelOffset(offset)
            let image = [UInt8](repeating: 9, count: offset) + voxels
            let stem = "pair-\(offset)"
            let headerPath = try folder.put(header.bytes, "\(stem).hdr")
            let imagePath = try folder.put(isCompressed ? Gzip.member(image) : image, "\(stem).img\(isCompressed ? ".gz" : "")")
            for path in [headerPath, imagePath] {
                let read = try NIfTIFile.readFileOrPair(path)
                #expect(read.volume.voxels == voxels, "\(path) from byte \(offset)")
                #expect(read.header.shape.description == "3x2x4")
            }
        }
        let alone = try folder.put(header(version).file(voxelByteCount: 48), "single.nii")
        #expect(try NIfTIFile.readFileOrPair(alone).volume.voxels.count == 48)
    }

    @Test("Of a pair that lacks a half, or whose voxels end early, the file at fault is named", arguments: [1, 2])
    func brokenPair(version: Int) throws {
        var header = header(version)
        header.bytes[(version == 1 ? 344 : 4) + 1] = UInt8(ascii: "i")
        header.setVoxelOffset(0)
        let path = try folder.put(header.bytes, "half.hdr")
        func message() -> String {
            do throws(NIfTIError) { _ = try NIfTIFile.readFileOrPair(path) } catch { return error.message }
            return ""
        }
        #expect(message().contains("half.img"))
        _ = try folder.put([UInt8](repeating: 1, count: 47), "half.img")
        #expect(message().contains("half.img") && message().contains("more than the file can hold"))
        header.setVoxelOffset(version == 1 ? 1 << 30 : 1 << 40)
        _ = try folder.put(header.bytes, "half.hdr")
        #expect(message().contains("half.hdr") && message().contains("vox_offset"))
    }

    @Test("The header of a pair without its voxels is refused, saying that it is one", arguments: [1, 2])
    func headerAlone(version: Int) throws {
        var header = header(version)
        header.bytes[(version == 1 ? 344 : 4) + 1] = UInt8(ascii: "i")
        header.setVoxelOffset(0)
        for tail in [0, 4] {
            let error = try #require(refusal(try folder.put(header.bytes + [UInt8](repeating: 0, count: tail), "scan.hdr")))
            #expect(error.code == .truncated)
            #expect(error.message.contains(".img"), "\(error)")
        }
    }

    @Test("A compressed file that is cut within the bytes after its voxels keeps those there are")
    func cutTrailer() throws {
        let file = HeaderBytes(sides: [3, 3, 3], type: .uint8).file(voxelByteCount: 27) + [9, 8, 7, 6]
        let whole = Gzip.member(file)
        let image = try NIfTIFile.read(folder.put(Array(whole.dropLast(10)), "cut.nii.gz"))
        #expect(image.volume.voxels.count == 27)
        #expect(image.trailer == [9, 8])
        #expect(image.remarks.count == 1)
    }

    @Test("A first member without its checksum is no end: what follows cannot be told from it")
    func cutBetweenMembers() throws {
        let file = HeaderBytes(sides: [4, 4, 4], type: .uint8).file(voxelByteCount: 64)
        let first = Gzip.member(Array(file[..<380])).dropLast(8)
        #expect(refusal(try folder.put(Array(first) + Gzip.member(Array(file[380...])), "in.nii.gz")) != nil)
    }

    @Test("Other kinds of file are named for what they are")
    func foreign() throws {
        let file = HeaderBytes(sides: [3, 3, 3], type: .uint8).file(voxelByteCount: 27)
        let dicom = [UInt8](repeating: 0, count: 128) + Array("DICM".utf8) + [UInt8](repeating: 2, count: 400)
        let cases: [(String, [UInt8], String)] = [
            ("twice.nii.gz", Gzip.member(Gzip.member(file)), "compressed twice"), ("scan.dcm", dicom, "DICOM"),
            (
                "scan.nii.gz", Array("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n".utf8),
                "Git LFS pointer"
            ),
            ("scan.nii", Array("\n<!DOCTYPE html>\n<html><head><title>Log in</title></head></html>".utf8), "web page"),
            ("scan.nii.gz", Array("<html>".utf8), "web page"), ("scan.mgz", [0, 0, 0, 1, 0, 0, 1, 0], "FreeSurfer"),
            ("scan.zip", Array("PK\u{3}\u{4}1234567".utf8), "ZIP"),
            ("scan.fovea", Array("FOVEA\0\0\u{1}".utf8) + file, "fovea decode"),
        ]
        for (name, bytes, what) in cases {
            let error = try #require(refusal(try folder.put(bytes, name)), "\(what)")
            #expect(error.code == .notNIfTI, "\(what): \(error)")
            #expect(error.message.contains(what) && error.message.hasPrefix(folder.place(name)), "\(error)")
        }
    }

    @Test("A FIFO is refused at once, though nobody writes into it", .timeLimit(.minutes(1)))
    func fifo() throws {
        try #require(mkfifo(folder.place("pipe.nii"), 0o600) == 0)
        #expect(refusal(folder.place("pipe.nii"))?.message == "\(folder.place("pipe.nii")): not a regular file")
        #expect(throws: NIfTIError.self) { try NIfTIFile.requireRegularFile(folder.place("pipe.nii")) }
        #expect(throws: NIfTIError.self) { try NIfTIFile.requireRegularFile(folder.path) }
        #expect(throws: Never.self) { try NIfTIFile.requireRegularFile(folder.put([1], "file")) }
    }
}
