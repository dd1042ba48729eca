public import Faults
internal import Glibc

/// The place of a file that is to be written, checked before any work is done.
public enum OutputPlace {
    /// - Parameters:
    ///   - inputs: the files that are read.
    ///   - replacing: whether a file that is there gives way.
    /// - Throws: `FileError.Code.isInput` when the output is an input, by whatever path; `.alreadyExists` when a file is there and is to stay; `.cannotWrite` when
    ///   something else is.
    public static func check(_ output: String, inputs: [String], replacing: Bool) throws(FileError) {
        // Through links: a rename would take the place of the link only, but the next reader would find another file there.
        if let place = Identity(output), let input = inputs.first(where: { Identity($0) == place }) {
            throw FileError(.isInput, "\(output) and \(input) are one file, which would be lost: choose another name")
        }
        var status = stat()
        guard lstat(output, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG || status.st_mode & S_IFMT == S_IFLNK else {
            throw FileError(.cannotWrite, "\(output): not a file that can be replaced; choose another name")
        }
        guard replacing else { throw AtomicFile.exists(output) }
    }

    /// The file that a path leads to, links followed.
    private struct Identity: Equatable {
        private let device: UInt
        private let inode: UInt

        /// Nil where there is no file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt(status.st_dev)
            inode = UInt(status.st_ino)
        }
    }
}
