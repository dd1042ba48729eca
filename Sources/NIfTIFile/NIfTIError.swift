package import Faults
package import Files

/// An error in a NIfTI file, or in reading one.
package typealias NIfTIError = Fault<NIfTIFault>

/// The kinds of ``NIfTIError``.
package enum NIfTIFault: Sendable, Equatable {
    case notNIfTI, unsupported, invalidHeader, truncated, corruptCompression, tooLarge
    /// The file cannot be opened or read at all.
    case file(FileFault)
}

extension NIfTIError {
    init(_ error: FileError) { self.init(.file(error.code), error.message) }
}
