internal import Faults
internal import CSeccomp
internal import Decoding
internal import Glibc
internal import Synchronization

/// A child process and the two pipes to it; ended with this object.
final class WorkerProcess: Sendable {
    private let process: pid_t
    private let input: Int32
    private let output: Int32
    /// Wait status with which it ended, once that has been asked.
    private let status = Mutex<Int32?>(nil)

    /// A write to a process that has just died is an error to be told of, not the end of this one, whatever program this is part of.
    private static let ignoresBrokenPipes: Void = { _ = Glibc.signal(SIGPIPE, SIG_IGN) }()

    /// Starts a process.
    /// - Throws: `ConfinementError.Code.exhausted` when the system has no room for one now; `.cannotStart`.
    init(executable: String) throws(ConfinementError) {
        Self.ignoresBrokenPipes
        var toChild: [Int32] = [-1, -1]
        var fromChild: [Int32] = [-1, -1]
        guard fovea_pipe(&toChild, O_CLOEXEC) == 0 else { throw Self.failure(errno, executable) }
        guard fovea_pipe(&fromChild, O_CLOEXEC) == 0 else {
            let reason = errno
            toChild.forEach { close($0) }
            throw Self.failure(reason, executable)
        }
        let (child, status) = Spawner.shared.start(
            executable, ["fovea-decoder"], input: toChild[0], output: fromChild[1])
        close(toChild[0])
        close(fromChild[1])
        guard status == 0 else {
            close(toChild[1])
            close(fromChild[0])
            throw Self.failure(status, executable)
        }
        process = child
        input = toChild[1]
        output = fromChild[0]
    }

    private static func failure(_ reason: Int32, _ executable: String) -> ConfinementError {
        let isPassing = [EMFILE, ENFILE, EAGAIN, ENOMEM].contains(reason)
        return ConfinementError(
            isPassing ? .exhausted : .cannotStart,
            "the decoder, \(executable), does not start: \(String(cString: strerror(reason)).lowercased())"
                + (isPassing ? "; try again later" : ""))
    }

    deinit {
        close(input)
        close(output)
        kill()
        _ = wait()
    }

    /// Bounds what the process may use from now on, however much it has used before.
    /// - Parameters:
    ///   - time: processor time; the kernel counts whole seconds.
    ///   - memory: bytes of address space.
    func limit(time: Duration, memory: Int) {
        var clock = clockid_t()
        var used = timespec()
        if clock_getcpuclockid(process, &clock) == 0 { clock_gettime(clock, &used) }
        // Where a limit is not taken, because the process has just ended, that shows in its answer.
        _ = fovea_limit(process, Int32(RLIMIT_CPU.rawValue), rlim_t(used.tv_sec + Int(time.components.seconds) + 2))
        _ = fovea_limit(process, Int32(RLIMIT_AS.rawValue), rlim_t(memory))
    }

    /// Sends a request and waits for its answer, as long as it takes: whoever has less patience kills the process.
    /// - Returns: nil when the process ends first.
    func answer(_ request: [UInt8]) -> [UInt8]? {
        guard PipeIO.write(request, to: input) else { return nil }
        return PipeIO.read(from: output)
    }

    /// Stops the process until it is resumed.
    func pause() { signal(SIGSTOP) }
    /// Lets it go on.
    func resume() { signal(SIGCONT) }
    /// Ends it, also where it is stopped.
    func kill() { signal(SIGKILL) }

    /// True when the kernel has ended the process for the processor time it took; asked only of one that gives no answer.
    var hasRunOutOfTime: Bool {
        kill()
        return wait() & 0x7f == SIGXCPU
    }

    private func signal(_ number: Int32) {
        // Its number may be another's once it has been waited for.
        status.withLock { if $0 == nil { Glibc.kill(process, number) } }
    }

    private func wait() -> Int32 {
        status.withLock { status in
            if let status { return status }
            var value: Int32 = 0
            while waitpid(process, &value, 0) < 0, errno == EINTR {}
            status = value
            return value
        }
    }
}
