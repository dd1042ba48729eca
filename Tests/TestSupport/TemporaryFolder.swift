internal import Foundation

/// A folder of its own that goes with its owner.
package final class TemporaryFolder {
    /// The folder's path.
    package let path: String

    /// Makes the folder below `root`; in the system's folder for temporary files by default.
    package init(in root: String = FileManager.default.temporaryDirectory.path) throws {
        path = "\(root)/fovea-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file in it.
    package func place(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file with exactly these permissions.
    package func put(_ bytes: [UInt8], _ name: String = "file", mode: Int = 0o600) throws -> String {
        let path = place(name)
        try? FileManager.default.removeItem(atPath: path)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: NSNumber(value: mode)], ofItemAtPath: path)
        return path
    }

    /// Writes a text.
    package func put(_ text: String, mode: Int = 0o600) throws -> String { try put(Array(text.utf8), mode: mode) }

    /// A file's bytes.
    package func contents(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: place(name)))) }

    /// Every file's name, hidden ones too.
    package func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}
