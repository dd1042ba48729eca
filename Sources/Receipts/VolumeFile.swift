package import WireFormat

/// The files of a session's folder.
package enum VolumeFile {
    /// Returns the name of a volume's file. A file that is not the source bit for bit says so by its name, so that no viewer can take it
    /// for more than it is; so does a file that is not all that was to come.
    package static func name(_ name: Name, _ state: VolumeState, isComplete: Bool = true) -> String {
        if !isComplete && state != .lossless { return Self.name(name, .partial) }
        return switch state {
        case .partial: "\(name).partial.nii.gz"
        case .lossy: "\(name).lossy.nii.gz"
        case .lossless: "\(name).nii.gz"
        }
    }
}
