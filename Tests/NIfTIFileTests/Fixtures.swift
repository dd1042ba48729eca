import Foundation
import NIfTIFile

extension NIfTIImage {
    /// The uncompressed file.
    var fileBytes: [UInt8] {
        var result: [UInt8] = []
        forEachPart { result += $0 }
        return result
    }
}

/// The error with which reading a file is refused; nil when it is not.
func refusal(_ path: String) -> NIfTIError? {
    do throws(NIfTIError) {
        _ = try NIfTIFile.read(path)
        return nil
    } catch {
        return error
    }
}
