internal import Decoding
internal import Glibc

/// Tries from inside of a confined process what it must not do, and what it needs.
enum Inside {
    static func report() {
        let program = strdup("/bin/true")
        do { try ConfinedWorker.confine() } catch { return say("not confined: \(error)") }
        attempt("open a file") { open("/dev/null", O_RDONLY) }
        attempt("make a file") { creat("/tmp/fovea-probe", 0o600) }
        attempt("make a folder") { mkdir("/tmp/fovea-probe", 0o700) }
        attempt("remove a file") { unlink("/tmp/fovea-probe") }
        attempt("rename a file") { rename("/tmp/fovea-probe", "/tmp/fovea-probe2") }
        attempt("make an internet socket") { socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0) }
        attempt("make a local socket") { socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0) }
        attempt("make a pipe") {
            var ends: [Int32] = [0, 0]
            return pipe(&ends)
        }
        attempt("copy a descriptor") { dup(0) }
        attempt("start a program") {
            var child: pid_t = 0
            let status = posix_spawn(&child, "/bin/true", nil, nil, [program, nil], [nil])
            errno = status
            return status == 0 ? 0 : -1
        }
        attempt("become a program") { execve("/bin/true", [program, nil], [nil]) }
        attempt("start a thread") {
            var thread = pthread_t()
            let status = pthread_create(&thread, nil, { _ in nil }, nil)
            errno = status
            return status == 0 ? 0 : -1
        }
        attempt("signal a process") { kill(1, 0) }
        attempt("raise its limits") {
            var limit = rlimit(rlim_cur: 64, rlim_max: 64)
            return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        attempt("map memory") { map(1 << 20, PROT_READ | PROT_WRITE) }
        attempt("map executable memory") { map(4096, PROT_READ | PROT_EXEC) }
        attempt("map memory to write and execute") { map(4096, PROT_READ | PROT_WRITE | PROT_EXEC) }
        attempt("make memory executable") {
            mprotect(mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096, PROT_READ | PROT_EXEC)
        }
        // Address space alone, which costs nothing: only a limit refuses it.
        attempt("take five gigabytes") { map(5 << 30, PROT_NONE, MAP_NORESERVE) }
        say("done")
    }

    private static func map(_ count: Int, _ protection: Int32, _ flags: Int32 = 0) -> Int32 {
        mmap(nil, count, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0) == MAP_FAILED ? -1 : 0
    }

    private static func attempt(_ what: String, _ body: () -> Int32) {
        errno = 0
        let status = body()
        say(
            "\(what): \(status >= 0 ? "allowed" : errno == EPERM ? "refused" : errno == EAGAIN ? "refused" : errno == ENOMEM ? "no memory" : "error \(errno)")"
        )
    }
}
