internal import Foundation

/// Where what comes with the program may stand: beside a build, or below an installation's prefix.
public enum InstalledFiles {
    /// Where to look for a file or folder, the likeliest place first.
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

    /// The folder of models that came with the program.
    /// - Throws: `ProfileError.Code.notFound`.
    public static func model(_ name: String) throws(ProfileError) -> String {
        for folder in data("models", environment: "FOVEA_MODELS") {
            let path = "\(folder)/\(name)"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw ProfileError(
            .notFound,
            "the model \(name) is not installed; set FOVEA_MODELS to the folder that came with the program, or give --model, --mask or --box"
        )
    }

    /// Where ONNX Runtime may be: where 'make setup' put it, or the system's own.
    public static var onnxRuntime: [String] {
        places(".onnxruntime/libonnxruntime.so", shared: "lib/fovea/libonnxruntime.so", environment: "FOVEA_ONNXRUNTIME")
            + (ProcessInfo.processInfo.environment["FOVEA_ONNXRUNTIME"].map { $0.isEmpty } ?? true
                ? ["libonnxruntime.so.1", "libonnxruntime.so"] : [])
    }
}
