internal import Faults
internal import CNetSim
import Glibc

/// A program that was started here. Whoever starts one waits for its end.
struct ChildProcess {
    let id: pid_t
    /// True when it leads a process group, to which its own children belong.
    let leadsGroup: Bool
    /// Once it has ended: its exit status, or 128 and the signal that ended it, as shells have it.
    private(set) var status: Int32?

    /// Starts a program found on `PATH`.
    ///
    /// - Parameters:
    ///   - arguments: Its name or path first.
    ///   - namespace: The network that it sees; `nil` for the caller's.
    ///   - input: Its standard input; `nil` for the caller's.
    ///   - output: Its standard output; `nil` for the caller's.
    /// - Throws: ``NetSimError``: `commandNotFound` when there is no such program, `command` when it cannot be run.
    init(
        _ arguments: [String], in namespace: NetworkNamespace? = nil, input: Int32? = nil, output: Int32? = nil,
        leadsGroup: Bool = false
    ) throws {
        guard let name = arguments.first, !name.isEmpty, !arguments.contains(where: { $0.utf8.contains(0) }) else {
            throw NetSimError(.commandNotFound, "a command has a name, and no NUL byte")
        }
        var options = netsim_spawn_options(
            network: namespace?.descriptor ?? -1, input: input ?? -1, output: output ?? -1, own_group: leadsGroup ? 1 : 0)
        var strings = arguments.map { strdup($0) } + [nil]
        defer {
            for string in strings { free(string) }
        }
        var process: pid_t = 0
        let failure = netsim_spawn(&strings, &options, &process)
        guard failure == 0 else {
            throw NetSimError(
                failure == ENOENT ? .commandNotFound : .command, "\(name): cannot be run: \(String(cString: strerror(failure)))")
        }
        id = process
        self.leadsGroup = leadsGroup
    }

    /// Tells whether it has ended by now.
    mutating func hasEnded() -> Bool { look(WNOHANG) }

    /// Waits until it ends.
    mutating func wait() -> Int32 {
        while !look(0) {}
        return status ?? 0
    }

    /// Sends it a signal, and its children too where it leads a group.
    func signal(_ number: Int32) {
        if status == nil { kill(leadsGroup ? -id : id, number) }
    }

    private mutating func look(_ flags: Int32) -> Bool {
        guard status == nil else { return true }
        var word: Int32 = 0
        let result = waitpid(id, &word, flags)
        if result == id {
            status = word & 0x7F == 0 ? (word >> 8) & 0xFF : 128 + word & 0x7F
        } else if result < 0, errno != EINTR {
            status = 0
        }
        return status != nil
    }
}
