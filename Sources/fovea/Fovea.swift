internal import Receipts
internal import ArgumentParser
internal import Glibc

/// The program.
@main
struct Fovea: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fovea",
        abstract: "Sends a medical volume so that the part a physician needs is there first.",
        discussion: """
            A volume travels as layers: the region of interest first, then the rest, then what makes every voxel exact.
            Fovea prioritises transmission; it makes no diagnosis.

            Example: fovea demo
            """,
        version: FoveaVersion.text,
        subcommands: [
            DemoCommand.self, SendCommand.self, ReceiveCommand.self, EncodeCommand.self, DecodeCommand.self, SegmentCommand.self,
            CompareCommand.self, InspectCommand.self, PhantomCommand.self, KeyCommand.self, ExperimentCommand.self,
        ])

    static func main() async {
        // A peer or a pipe that goes away is an error to report, not an end.
        signal(SIGPIPE, SIG_IGN)
        raiseFileLimit()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            end(0)
        } catch {
            leave(with: error)
        }
    }

    /// As many open files as the system grants: each session takes a few, and a shell's first limit is meant for programs that use `select`.
    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static func leave(with error: any Error) -> Never {
        // All is said already.
        if let code = error as? ExitCode { end(code.rawValue) }
        if let failure = Failure(error) {
            print(error: failure.message)
            end(failure.code)
        }
        let code = exitCode(for: error)
        guard code != .success else { exit(withError: error) }
        print(error: Usage.sentence(message(for: error), arguments: Array(CommandLine.arguments.dropFirst())))
        end(code == .validationFailure ? 64 : code.rawValue)
    }
}

/// Ends the program as it stands. `exit` would tear down libraries whose threads may still be at work, such as an attempt of libsrt's
/// to connect, and corrupt their memory.
private func end(_ code: Int32) -> Never {
    fflush(nil)
    _exit(code)
}

/// Writes one line to standard error.
func print(error message: String) {
    let line = "fovea: " + message.split(whereSeparator: \.isNewline).joined(separator: " ").printable + "\n"
    line.withCString { _ = write(2, $0, strlen($0)) }
}
