package import Regions
internal import VolumeModel

/// The part of a volume that goes first.
public enum Region: Sendable, Equatable {
    /// The find of the model that comes with the program. It orders bytes; it is no diagnosis.
    case model
    /// The find of a model of one's own: an .onnx file with its side-car beside it.
    case modelFile(String)
    /// Voxels above zero in a NIfTI mask.
    case mask(String)
    /// A box of voxel indices, ends exclusive, such as `60:120,80:140,40:90`: columns, rows, slices.
    case box(String)
    /// All of the volume: nothing is looked for.
    case whole

    /// The files that are read for it.
    var files: [String] {
        switch self {
        case .model, .box, .whole: []
        case .modelFile(let path), .mask(let path): [path]
        }
    }

    /// - Throws: `VolumeError.Code.invalidBox`.
    package func choice() throws -> RegionChoice {
        switch self {
        case .model: .model(path: nil)
        case .modelFile(let path): .model(path: path)
        case .mask(let path): .mask(path: path)
        case .box(let text): .box(try Box(parsing: text))
        case .whole: .whole
        }
    }
}
