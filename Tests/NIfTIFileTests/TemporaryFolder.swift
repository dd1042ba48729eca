import Foundation
import NIfTIFile

/// A folder of its own that goes with its owner.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("fovea-nifti-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func place(_ name: String) -> String { "\(path)/\(name)" }

    func put(_ bytes: [UInt8], _ name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: place(name)))
        return place(name)
    }

    func contents(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: place(name)))) }

    /// Every file's name, hidden ones too.
    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}

extension NIfTIImage {
    /// The uncompressed file.
    var fileBytes: [UInt8] {
        var result: [UInt8] = []
        forEachPart { result += $0 }
        return result
    }
}

/// What reading a file is refused with; nil when it is not.
func refusal(_ path: String) -> NIfTIError? {
    do throws(NIfTIError) {
        _ = try NIfTIFile.read(path)
        return nil
    } catch {
        return error
    }
}
