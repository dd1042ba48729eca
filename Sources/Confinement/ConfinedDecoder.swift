internal import CSeccomp
internal import Glibc
public import ProgressiveCoding
internal import Synchronization

/// Decodes a peer's chunks in processes of their own that can do nothing else. One that dies or hangs costs its chunk, no more.
///
/// Make one a peer: a process that a hostile chunk has taken over must not decode another peer's.
public final class ConfinedDecoder: ChunkDecoder {
    private let pool: CodingPool
    private let executable: String
    private let idle = Mutex<[WorkerProcess]>([])

    /// How long a worker may work on one chunk.
    private static let timeout = Duration.seconds(60)

    /// Makes a decoder.
    /// - Parameters:
    ///   - pool: threads that wait for the workers; there are never more workers than threads.
    ///   - executable: a program that calls ``ConfinedWorker/serve()`` when its first argument is ``ConfinedWorker/argument``; this one
    ///     by default.
    public init(pool: CodingPool, executable: String = "/proc/self/exe") {
        self.pool = pool
        self.executable = executable
    }

    /// Starts workers ahead of time, so that the first chunk does not wait for one.
    public func prepare(count: Int) async {
        for _ in 0..<count {
            guard let worker = try? await pool.run({ [executable] in try WorkerProcess(executable: executable) }) else { return }
            idle.withLock { $0.append(worker) }
        }
    }

    /// Decodes one chunk.
    /// - Throws: `CodingError.Code.invalidChunk`, also when the chunk brought its worker down; `ConfinementError` when none can start.
    public func decode(_ request: DecodeRequest) async throws -> DecodedChunk {
        if case .nothing = request { return .bytes([]) }
        return try await pool.run { [self] in
            let worker = try idle.withLock { $0.popLast() } ?? WorkerProcess(executable: executable)
            switch worker.answer(WorkerMessage(request).bytes, timeout: Self.timeout) {
            case .success(let bytes):
                var message = WorkerMessage(bytes: bytes)
                guard let result = message.takeResult() else {
                    throw CodingError(.invalidChunk, "the decoder's process gave no answer")
                }
                idle.withLock { $0.append(worker) }
                return try result.get()
            case .failure(let error):
                throw CodingError(.invalidChunk, "a chunk brought its decoder down: \(error.message)")
            }
        }
    }
}

/// A child process and the two pipes to it; ended with this object.
private final class WorkerProcess: Sendable {
    private let process: pid_t
    private let input: Int32
    private let output: Int32

    init(executable: String) throws(ConfinementError) {
        var toChild: [Int32] = [-1, -1]
        var fromChild: [Int32] = [-1, -1]
        guard fovea_pipe(&toChild, O_CLOEXEC) == 0 else { throw ConfinementError(.cannotStart, "no pipe for a decoder's process") }
        guard fovea_pipe(&fromChild, O_CLOEXEC) == 0 else {
            toChild.forEach { close($0) }
            throw ConfinementError(.cannotStart, "no pipe for a decoder's process")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // Sockets and files of this process are none of the child's business.
        fovea_close_from(&actions, 3)
        var child: pid_t = 0
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("fovea"), strdup(ConfinedWorker.argument), nil]
        defer { arguments.forEach { free($0) } }
        let environment: [UnsafeMutablePointer<CChar>?] = [nil]
        let status = posix_spawn(&child, executable, &actions, nil, arguments, environment)
        close(toChild[0])
        close(fromChild[1])
        guard status == 0 else {
            close(toChild[1])
            close(fromChild[0])
            throw ConfinementError(
                .cannotStart, "the decoder's process does not start: \(String(cString: strerror(status)).lowercased())")
        }
        // A child that does not read must not hold this process up: writes wait with a deadline, too.
        _ = fovea_set_nonblocking(toChild[1])
        process = child
        input = toChild[1]
        output = fromChild[0]
    }

    deinit {
        close(input)
        close(output)
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }

    /// Sends a request and waits for its answer, both within `timeout`.
    func answer(_ request: [UInt8], timeout: Duration) -> Result<[UInt8], ConfinementError> {
        let deadline = ContinuousClock.now + timeout
        var answer: [UInt8] = []
        var outcome = PipeIO.write(request, to: input, deadline: deadline)
        if outcome == .done { (answer, outcome) = PipeIO.read(from: output, deadline: deadline) }
        return switch outcome {
        case .done: .success(answer)
        case .closed: .failure(ConfinementError(.died, "its process ended"))
        case .timedOut: .failure(ConfinementError(.timedOut, "its process did not answer in \(timeout)"))
        }
    }
}
