public import Faults
internal import Files
internal import Foundation

/// Finds profiles: by name in the project's or the installation's folder, or by path.
public enum ProfileFolder: String, Sendable {
    case encoding, transport, links, experiments

    /// A profile's path.
    /// - Parameter nameOrPath: a path when it has a slash or ends in `.yaml`, else a name.
    /// - Throws: `ProfileError.Code.notFound`, naming the profiles there are.
    public func path(_ nameOrPath: String) throws(ProfileError) -> String {
        if nameOrPath.contains("/") || nameOrPath.hasSuffix(".yaml") {
            guard FileManager.default.fileExists(atPath: nameOrPath) else {
                throw ProfileError(.notFound, "\(nameOrPath): no such file")
            }
            return nameOrPath
        }
        for root in Self.roots {
            let path = "\(root)/\(rawValue)/\(nameOrPath).yaml"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        let names = names()
        throw ProfileError(
            .notFound,
            names.isEmpty
                ? "no folder of profiles found; set FOVEA_PROFILES to the one that came with the program"
                : "no \(rawValue) profile is called '\(nameOrPath)'; there are: \(names.joined(separator: ", "))")
    }

    /// The names of all profiles of this kind.
    public func names() -> [String] {
        for root in Self.roots {
            guard let files = try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(rawValue)") else { continue }
            return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
        }
        return []
    }

    private static var roots: [String] { InstalledFiles.data("profiles", environment: "FOVEA_PROFILES") }
}
