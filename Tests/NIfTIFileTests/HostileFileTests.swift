import Files
import TestSupport
import Faults
import Foundation
import NIfTIFile
import Testing
import VolumeModel

/// A valid file of 2x2x2 int16 voxels, and what is done to it.
struct HostileHeader: Sendable, CustomTestStringConvertible {
    let name: String
    let code: NIfTIError.Code
    var versions = [1, 2]
    let spoil: @Sendable (inout HeaderBytes) -> Void
    var testDescription: String { name }

    static let all: [HostileHeader] = [
        HostileHeader(name: "dim[0] = 0", code: .invalidHeader) { $0.setDim(0, 0) },
        HostileHeader(name: "dim[0] = 8", code: .invalidHeader) { $0.setDim(0, 8) },
        HostileHeader(name: "dim[0] = -1", code: .invalidHeader) { $0.setDim(0, -1) },
        HostileHeader(name: "dim[0] = the least", code: .invalidHeader, versions: [2]) { $0.setDim(0, .min) },
        HostileHeader(name: "a 1-D signal", code: .unsupported) { $0.setDim(0, 1) },
        HostileHeader(name: "dim[1] = -2", code: .invalidHeader) { $0.setDim(1, -2) },
        HostileHeader(name: "dim[2] = 0", code: .invalidHeader) { $0.setDim(2, 0) },
        HostileHeader(name: "dim[3] = the least", code: .invalidHeader, versions: [2]) { $0.setDim(3, .min) },
        HostileHeader(name: "dim[5] = 2", code: .unsupported) {
            $0.setDim(0, 5)
            $0.setDim(5, 2)
        },
        HostileHeader(name: "dim[4] = -1", code: .invalidHeader) {
            $0.setDim(0, 4)
            $0.setDim(4, -1)
        },
        HostileHeader(name: "every side 32767", code: .tooLarge) { header in
            header.setDim(0, 4)
            for index in 1...4 { header.setDim(index, 32767) }
        },
        HostileHeader(name: "one side of 2^62", code: .tooLarge, versions: [2]) { $0.setDim(1, 1 << 62) },
        HostileHeader(name: "sides whose product wraps to 0", code: .tooLarge, versions: [2]) { header in
            for index in 1...3 { header.setDim(index, 1 << 32) }
        },
        HostileHeader(name: "more voxels than the file holds", code: .truncated) { $0.setDim(1, 2000) },
        HostileHeader(name: "vox_offset = 1", code: .invalidHeader) { $0.setVoxelOffset(1) },
        HostileHeader(name: "vox_offset = 348", code: .invalidHeader, versions: [1]) { $0.setVoxelOffset(348) },
        HostileHeader(name: "vox_offset = -352", code: .invalidHeader) { $0.setVoxelOffset(-352) },
        HostileHeader(name: "vox_offset = 2^40", code: .tooLarge) { $0.setVoxelOffset(1 << 40) },
        HostileHeader(name: "vox_offset = the greatest", code: .tooLarge, versions: [2]) { $0.setVoxelOffset(.max) },
        HostileHeader(name: "vox_offset beyond the file's end", code: .truncated) { $0.setVoxelOffset(1 << 20) },
        HostileHeader(name: "vox_offset not a number", code: .invalidHeader, versions: [1]) {
            $0.put(Float.nan.bitPattern, at: 108)
        },
        HostileHeader(name: "vox_offset infinite", code: .invalidHeader, versions: [1]) {
            $0.put(Float.infinity.bitPattern, at: 108)
        },
        HostileHeader(name: "vox_offset = 352.5", code: .invalidHeader, versions: [1]) { $0.put(Float(352.5).bitPattern, at: 108) },
        HostileHeader(name: "vox_offset = 1e30", code: .tooLarge, versions: [1]) { $0.put(Float(1e30).bitPattern, at: 108) },
        HostileHeader(name: "datatype 0", code: .unsupported) { $0.put(Int16(0), at: $0.version == 1 ? 70 : 12) },
        HostileHeader(name: "datatype -1", code: .unsupported) { $0.put(Int16(-1), at: $0.version == 1 ? 70 : 12) },
        HostileHeader(name: "colours", code: .unsupported) { $0.put(Int16(128), at: $0.version == 1 ? 70 : 12) },
        HostileHeader(name: "complex numbers", code: .unsupported) { $0.put(Int16(32), at: $0.version == 1 ? 70 : 12) },
        HostileHeader(name: "no magic", code: .notNIfTI) { $0.bytes[$0.version == 1 ? 344 : 4] = 0 },
        HostileHeader(name: "the other version's magic", code: .notNIfTI) {
            $0.bytes[($0.version == 1 ? 344 : 4) + 2] = UInt8(ascii: $0.version == 1 ? "2" : "1")
        },
        HostileHeader(name: "another first number", code: .notNIfTI) { $0.put(Int32(349), at: 0) },
    ]
}

@Suite("Hostile and damaged files")
struct HostileFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(
        "A header that cannot be is refused, plain or compressed, in either byte order, naming the file",
        arguments: HostileHeader.all)
    func header(hostile: HostileHeader) throws {
        for version in hostile.versions {
            for isBigEndian in [false, true] {
                var header = HeaderBytes(version: version, isBigEndian: isBigEndian, sides: [2, 2, 2], type: .int16)
                hostile.spoil(&header)
                let file = header.file(voxelByteCount: 16)
                for (name, bytes) in [("bad.nii", file), ("bad.nii.gz", Gzip.member(file))] {
                    let path = try folder.put(bytes, name)
                    let error = try #require(refusal(path), "NIfTI-\(version), big endian \(isBigEndian), \(name)")
                    #expect(error.code == hostile.code, "NIfTI-\(version), big endian \(isBigEndian), \(name): \(error)")
                    #expect(error.message.hasPrefix("\(path): "))
                }
            }
        }
    }

    @Test("A file cut short anywhere is refused as cut short", arguments: [1, 2])
    func truncated(version: Int) throws {
        let file = HeaderBytes(version: version, sides: [3, 3, 3], type: .int16).file(voxelByteCount: 54)
        for count in 0..<file.count {
            let path = try folder.put(Array(file[..<count]), "cut.nii")
            #expect(refusal(path)?.code == .truncated, "\(count) bytes")
        }
        #expect(refusal(try folder.put(file, "cut.nii")) == nil)
    }

    @Test(
        "A compressed file cut short within its voxels is refused as cut short, and one without its checksum is read with a remark")
    func truncatedGzip() throws {
        let plain = HeaderBytes(sides: [3, 3, 3], type: .int16).file(voxelByteCount: 54)
        let file = Gzip.member(plain)
        for count in 2..<file.count {
            let path = try folder.put(Array(file[..<count]), "cut.nii.gz")
            if count < file.count - 8 {
                #expect(refusal(path)?.code == .truncated, "\(count) bytes")
            } else {
                let image = try NIfTIFile.read(path)
                #expect(image.fileBytes == plain, "\(count) bytes")
                #expect(image.remarks.count == 1 && image.remarks[0].contains("before its checksum"), "\(count) bytes")
            }
        }
        #expect(try NIfTIFile.read(folder.put(file, "whole.nii.gz")).remarks.isEmpty)
    }

    @Test("A compressed file cut short is refused with the number of bytes it has")
    func truncatedInside() throws {
        let file = HeaderBytes(sides: [100, 100, 3], type: .uint8).file(voxelByteCount: 12_345)
        let error = try #require(refusal(try folder.put(Gzip.member(file), "cut.nii.gz")))
        #expect(error.code == .truncated)
        #expect(error.message.contains("12345 of 30000 bytes"))
    }

    @Test("Damaged gzip data is refused as such")
    func corruptGzip() throws {
        let whole = Gzip.member(HeaderBytes(sides: [3, 3, 3], type: .uint8).file(voxelByteCount: 27))
        // The block's type, its length's complement, a voxel (and so the checksum), the checksum, the length.
        for position in [10, 13, whole.count - 12, whole.count - 6, whole.count - 2] {
            var bytes = whole
            bytes[position] ^= 0x16
            let error = refusal(try folder.put(bytes, "damaged.nii.gz"))
            #expect(error?.code == .corruptCompression, "byte \(position): \(error?.message ?? "taken")")
        }
    }

    @Test(
        "A small file that announces 16 GiB of voxels is refused before anything of that size is allocated",
        arguments: ["big.nii", "big.nii.gz"])
    func announcesTooMuch(name: String) throws {
        var header = HeaderBytes(version: 2, sides: [2, 2, 2], type: .float64)
        for (index, side) in [1 << 11, 1 << 10, 1 << 10].enumerated() { header.setDim(index + 1, side) }
        let file = header.file(voxelByteCount: 1000)
        let path = try folder.put(name.hasSuffix(".gz") ? Gzip.member(file) : file, name)
        let before = try peakAddressSpaceKilobytes()
        let error = try #require(refusal(path))
        #expect(error.code == .truncated)
        #expect(error.message.contains("2048x1024x1024"))
        #expect(try peakAddressSpaceKilobytes() - before < 4 << 20)
    }

    @Test("Disk is taken for voxels as they come: a file that announces more than the disk has is refused as cut short")
    func diskAsVoxelsCome() throws {
        var space = statvfs()
        var paging = Paging.current
        try #require(statvfs(paging.folder, &space) == 0)
        paging.memoryLimit = 100
        paging.diskReserve = Int(space.f_bavail) * Int(space.f_frsize) - 500_000_000
        var header = HeaderBytes(sides: [2, 2, 2], type: .uint8)
        for (index, side) in [2048, 1024, 1000].enumerated() { header.setDim(index + 1, side) }
        // As much as a file has to hold for a decompressor to come to what this one announces.
        let path = try folder.put(Gzip.member(header.file(voxelByteCount: 2_200_000)), "announced.nii.gz")
        let error = try Paging.$current.withValue(paging) { try #require(refusal(path)) }
        #expect(error.code == .truncated && error.message.contains("2200000 of 2097152000 bytes"), "\(error)")
        paging.diskReserve = .max / 2
        let full = try Paging.$current.withValue(paging) { try #require(refusal(path)) }
        #expect(full.code == .file(.noRoom), "\(full)")
    }

    private func peakAddressSpaceKilobytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmPeak:") })
        return try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
    }

    @Test("Bytes after the voxels are carried along up to a limit, and left out whole, with a remark, beyond it")
    func longTrailer() throws {
        let file = HeaderBytes(sides: [2, 2], type: .uint8).file(voxelByteCount: 4)
        let limit = NIfTIFile.trailerLimit
        let atLimit = try NIfTIFile.read(folder.put(file + [UInt8](repeating: 1, count: limit), "long.nii"))
        #expect(atLimit.trailer.count == limit && atLimit.remarks.isEmpty)
        for name in ["long.nii", "long.nii.gz"] {
            let longer = file + [UInt8](repeating: 1, count: limit + 1)
            let image = try NIfTIFile.read(folder.put(name.hasSuffix("gz") ? Gzip.member(longer) : longer, name))
            #expect(image.fileBytes == file)
            #expect(image.remarks.count == 1 && image.remarks[0].contains("left out"), "\(image.remarks)")
        }
    }

    @Test("What is no file of voxels at all is named for what it is")
    func noFile() throws {
        let missing = try #require(refusal(folder.place("missing.nii")))
        #expect(missing.code == .file(.notFound))
        #expect(missing.message == "\(folder.place("missing.nii")): no such file or directory")
        let directory = try #require(refusal(folder.path))
        #expect(directory.code == .file(.unreadable))
        #expect(directory.message == "\(folder.path): not a regular file")
        #expect(refusal("/dev/null")?.code == .file(.unreadable))
        #expect(refusal(try folder.put([], "empty.nii"))?.code == .truncated)
        #expect(refusal(try folder.put(Gzip.member([]), "empty.nii.gz"))?.code == .truncated)
        #expect(refusal(try folder.put(Array(repeating: UInt8(ascii: "x"), count: 5000), "text.nii"))?.code == .notNIfTI)
    }

    @Test("A header of the wrong length is refused by itself too")
    func headerAlone() {
        let bytes = HeaderBytes(sides: [2, 2, 2], type: .int16).bytes
        for count in [0, 3, 4, 347, 349] {
            let spoiled = count <= 348 ? Array(bytes.prefix(count)) : bytes + [0]
            #expect {
                try NIfTIHeader(bytes: spoiled)
            } throws: { error in
                (error as? NIfTIError)?.code == .truncated
            }
        }
    }

    @Test("Random headers are taken or refused, and never trap", arguments: [1, 2, 3] as [UInt64])
    func randomHeaders(seed: UInt64) {
        print("headers: seed \(seed)")
        var state = seed
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        for round in 0..<4000 {
            var header = HeaderBytes(version: round % 2 + 1, isBigEndian: round % 4 > 1, sides: [2, 2, 2], type: .int16)
            for _ in 0..<(1 + next() % 8) { header.bytes[Int(next()) % header.bytes.count] = UInt8(truncatingIfNeeded: next()) }
            do {
                let read = try NIfTIHeader(bytes: header.bytes)
                #expect(read.bytes == header.bytes, "seed \(seed), round \(round)")
                #expect(read.voxelByteCount <= Shape.voxelLimit * 8, "seed \(seed), round \(round)")
            } catch {
                #expect(!error.message.isEmpty, "seed \(seed), round \(round)")
            }
        }
    }
}
