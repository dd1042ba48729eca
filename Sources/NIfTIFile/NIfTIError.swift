public import Faults
public import Files

/// An error in a NIfTI file, or in reading one.
public typealias NIfTIError = Fault<NIfTIFault>

/// The kinds of ``NIfTIError``.
public enum NIfTIFault: Sendable, Equatable {
    case notNIfTI, unsupported, invalidHeader, truncated, corruptCompression, tooLarge
    /// The file cannot be opened or read at all.
    case file(FileFault)
}

extension NIfTIError {
    init(_ error: FileError) { self.init(.file(error.code), error.message) }
}
