internal import Faults
package import Decoding
internal import Foundation

/// The program `fovea-decoder`, in which a peer's chunks are decoded.
package enum DecoderProgram {
    private static let name = "fovea-decoder"
    /// Names another place for the program.
    private static let variable = "FOVEA_DECODER"

    /// Path of the decoder: as `FOVEA_DECODER` says, else beside this program or in `lib/fovea` of the same installation. Never in the folder
    /// that one works in.
    package static var path: String {
        if let given = ProcessInfo.processInfo.environment[variable], !given.isEmpty { return given }
        let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let places = [folder, folder.deletingLastPathComponent().appendingPathComponent("lib/fovea")].map {
            $0.appendingPathComponent(name).path
        }
        return places.first(where: isProgram) ?? places[0]
    }

    /// Starts it once, so that what is wrong with it is not said of a peer's first chunk.
    /// - Throws: `ConfinementError.Code.cannotStart`, also when it does not confine itself; `.exhausted`.
    package static func check(_ path: String) throws(ConfinementError) {
        guard isProgram(path) else {
            throw ConfinementError(.cannotStart, "\(path): no such program; \(variable) says where \(name) is")
        }
        guard let bytes = try WorkerProcess(executable: path).answer(WorkerMessage(.nothing).bytes) else {
            throw ConfinementError(.cannotStart, "\(path) ends before it has decoded anything: does it run by itself?")
        }
        var message = WorkerMessage(bytes: bytes)
        switch message.takeResult() {
        case .success: return
        case .failure(let error): throw ConfinementError(.cannotStart, "\(path): \(error.message)")
        case nil: throw ConfinementError(.cannotStart, "\(path) does not answer as \(name) does")
        }
    }

    private static func isProgram(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
            && FileManager.default.isExecutableFile(atPath: path)
    }
}
