internal import ArgumentParser
internal import Faults
internal import Files

/// The option for what may become of a file that stands where a command is to write.
struct OverwriteOption: ParsableArguments {
    @Flag(help: "Replace an output file that is there already; never an input.")
    var force = false

    /// Checks the place of an output before any work is done.
    /// - Parameter inputs: the files that the command reads.
    /// - Throws: `FileError`, as ``OutputPlace/check(_:inputs:replacing:)``.
    func check(_ output: String, inputs: [String?]) throws {
        do throws(FileError) {
            try OutputPlace.check(output, inputs: inputs.compactMap(\.self), replacing: force)
        } catch {
            throw FileError(error.code, error.message + (error.code == .alreadyExists ? "; --force replaces it" : " by --out"))
        }
    }
}
