internal import Faults
internal import Files
internal import ArgumentParser
internal import Glibc
internal import NIfTIFile

/// The option for what may become of a file that stands where a command is to write.
struct OverwriteOption: ParsableArguments {
    @Flag(help: "Replace an output file that is there already; never an input.")
    var force = false

    /// Checks the place of an output before any work is done.
    /// - Parameter inputs: the files that the command reads.
    /// - Throws: `CommandError.Code.usage` when the output is an input, by whatever path; `FileError.Code.alreadyExists` when a file is
    ///   there and is to stay, `.cannotWrite` when something else is.
    func check(_ output: String, inputs: [String?]) throws {
        // Through links: a rename would take the place of the link only, but the next command would find another file there.
        if let place = FileIdentity(output), let input = inputs.compactMap({ $0 }).first(where: { FileIdentity($0) == place }) {
            throw CommandError(.usage, "\(output) and \(input) are one file, which would be lost: give --out another name")
        }
        var status = stat()
        guard lstat(output, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG || status.st_mode & S_IFMT == S_IFLNK else {
            throw FileError(.cannotWrite, "\(output): not a file that can be replaced; give --out another name")
        }
        guard force else { throw AtomicFile.exists(output) }
    }
}

/// Which file a path leads to, links followed.
private struct FileIdentity: Equatable {
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
