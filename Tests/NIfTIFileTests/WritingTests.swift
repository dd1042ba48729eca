import Faults
import Files
import NIfTIFile
import TestSupport
import Testing
import VolumeModel

@Suite("Volumes that are written")
struct WritingTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("A volume for a folder that is not there is refused, and the file named")
    func missingFolder() throws {
        let path = folder.place("no/such/volume.nii")
        let image = try NIfTIImage(
            header: try NIfTIHeader(bytes: HeaderBytes(sides: [2, 2], type: .uint8).bytes), voxels: [1, 2, 3, 4])
        #expect { try NIfTIFile.write(image, to: path) } throws: { error in
            (error as? FileError)?.code == .cannotWrite && "\(error)".hasPrefix(path)
        }
    }

    @Test("A written volume replaces an older, longer one whole")
    func overwritesVolume() throws {
        _ = try folder.put([UInt8](repeating: 7, count: 100_000), "volume.nii")
        let header = HeaderBytes(sides: [2, 2], type: .uint8)
        let image = try NIfTIFile.read(folder.put(header.file(voxelByteCount: 4), "small.nii"))
        try NIfTIFile.write(image, to: folder.place("volume.nii"))
        #expect(try folder.contents("volume.nii") == header.file(voxelByteCount: 4))
        #expect(try folder.names() == ["small.nii", "volume.nii"])
    }
}
