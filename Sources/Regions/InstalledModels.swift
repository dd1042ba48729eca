internal import Foundation
internal import Faults
package import Files

extension InstalledFiles {
    /// The folder of models that came with the program.
    /// - Throws: `SegmentationError.Code.modelMissing`.
    package static func model(_ name: String) throws(SegmentationError) -> String {
        for folder in data("models", environment: "FOVEA_MODELS") {
            let path = "\(folder)/\(name)"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw SegmentationError(
            .modelMissing,
            "the model \(name) is not installed; set FOVEA_MODELS to the folder that came with the program, or give --model, --mask or --box"
        )
    }

    /// Paths at which ONNX Runtime may be: where 'make setup' put it, or the system's own.
    package static var onnxRuntime: [String] {
        places(".onnxruntime/libonnxruntime.so", shared: "lib/fovea/libonnxruntime.so", environment: "FOVEA_ONNXRUNTIME")
            + (ProcessInfo.processInfo.environment["FOVEA_ONNXRUNTIME"].map { $0.isEmpty } ?? true
                ? ["libonnxruntime.so.1", "libonnxruntime.so"] : [])
    }
}
