internal import Foundation

/// The places where what comes with the program may stand: beside a build, or below an installation's prefix.
public enum InstalledFiles {
    /// Returns the places to look for a file or folder, the likeliest place first.
    /// - Parameters:
    ///   - name: relative to the project's folder.
    ///   - shared: relative to an installation's prefix; `share/fovea/` and the name by default.
    ///   - environment: a variable that, where it is set, names the one place.
    public static func places(_ name: String, shared: String? = nil, environment: String) -> [String] {
        if let given = ProcessInfo.processInfo.environment[environment], !given.isEmpty { return [given] }
        var places: [String] = []
        var folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        for _ in 0..<6 where folder.path != "/" {
            places += [
                folder.appendingPathComponent(name).path, folder.appendingPathComponent(shared ?? "share/fovea/\(name)").path,
            ]
            folder.deleteLastPathComponent()
        }
        return places
    }

    /// The same, and last of all the folder that one works in: for what is only read, never for code.
    public static func data(_ name: String, environment: String) -> [String] {
        let places = places(name, environment: environment)
        let isGiven = !(ProcessInfo.processInfo.environment[environment] ?? "").isEmpty
        return isGiven ? places : places + [FileManager.default.currentDirectoryPath + "/" + name]
    }
}
