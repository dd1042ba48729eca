internal import Decoding
internal import Glibc

/// A decoder's process that does what a chunk says: a word, and a file in which it leaves its process number and the
/// chunk's size each time.
enum Misbehaving {
    static func serve() {
        while let bytes = PipeIO.read(from: 0) {
            var message = WorkerMessage(bytes: bytes)
            guard case .compressed(let payload, let count)? = message.takeRequest() else { exit(65) }
            let parts = String(decoding: payload, as: UTF8.self).split(separator: " ", maxSplits: 1).map(String.init)
            let isFirst = access(parts[1], F_OK) != 0
            note(count, in: parts[1])
            switch parts[0] {
            case "answer": break
            case "die-once": if isFirst { kill(getpid(), SIGKILL) }
            case "die": kill(getpid(), SIGKILL)
            case "sleep": while true { pause() }
            case "spin": while true {}
            case "work": for _ in 0..<20 { usleep(20_000) }
            case "sleep-a-while": sleep(2)
            case "mumble":
                _ = PipeIO.write([1, 2, 3], to: 1)
                continue
            default: exit(64)
            }
            guard PipeIO.write(WorkerMessage(.success(.bytes(payload))).bytes, to: 1) else { return }
        }
    }

    private static func note(_ count: Int, in path: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let line = Array("\(getpid()) \(count)\n".utf8)
        _ = write(file, line, line.count)
        close(file)
    }
}
