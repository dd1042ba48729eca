internal import Foundation
internal import NIfTIFile
internal import VolumeModel

/// A volume as the coders see it: the file itself, and its voxels as whole numbers from 0, slices stacked into one tall image.
struct Subject {
    let name: String
    let path: String
    /// A mask of the same head, where there is one.
    let mask: String?
    let image: NIfTIImage
    /// Slices x rows x columns, in order of value; nil when there are more than 65536 values.
    let codes: [UInt16]?

    init(path: String, mask: String?) throws {
        self.path = path
        self.mask = mask
        name = URL(fileURLWithPath: path).lastPathComponent.replacingOccurrences(of: ".nii.gz", with: "")
            .replacingOccurrences(of: ".nii", with: "")
        image = try NIfTIFile.read(path)
        var coder = Numbering(volume: image.volume)
        codes = image.volume.voxelType.accept(&coder)
    }

    var columns: Int { image.volume.shape.columns }
    var lines: Int { image.volume.shape.rows * image.volume.shape.stackedSliceCount }
    /// Bytes of the voxels.
    var byteCount: Int { image.volume.voxels.count }
    var greatest: UInt16 { codes?.max() ?? 0 }
    /// Bits a code takes.
    var depth: Int { max(1, UInt16.bitWidth - greatest.leadingZeroBitCount) }

    /// Whole numbers by their distance from the least, others by their place among the values there are.
    private struct Numbering: VoxelVisitor {
        let volume: Volume

        func visit<V: Voxel>(_ type: V.Type) -> [UInt16]? {
            volume.withVoxels(as: type) { voxels in
                let values = voxels.map(\.doubleValue)
                guard values.allSatisfy(\.isFinite), let low = values.min(), let high = values.max() else { return nil }
                let isWhole = volume.voxelType != .float32 && volume.voxelType != .float64
                if isWhole, high - low <= 65535 { return values.map { UInt16($0 - low) } }
                let distinct = Set(values).sorted()
                guard distinct.count <= 65536 else { return nil }
                let places = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($1, UInt16($0)) })
                return values.map { places[$0] ?? 0 }
            }
        }
    }

    /// All volumes of a folder but masks, each with the mask of the same head: the part of the name before the first underscore.
    static func paths(in folder: String) throws -> [(path: String, mask: String?, head: Substring)] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            .filter { $0.hasSuffix(".nii") || $0.hasSuffix(".nii.gz") }
        func head(_ name: String) -> Substring { name.prefix { $0 != "_" } }
        return names.filter { !$0.contains("_seg.") }.map { name in
            let mask = names.first { $0.contains("_seg.") && head($0) == head(name) }
            return ("\(folder)/\(name)", mask.map { "\(folder)/\($0)" }, head(name))
        }
    }
}
