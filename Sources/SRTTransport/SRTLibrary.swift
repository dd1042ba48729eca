internal import CSRT
internal import Glibc
internal import Synchronization

/// Keeps libsrt running while any socket lives. Without its clean-up libsrt 1.5.1 frees memory twice at exit.
final class SRTLibrary: Sendable {
    private static let count = Mutex(0)

    init() {
        Self.count.withLock { count in
            if count == 0 {
                srt_startup()
                // Its own log speaks of every lost connection; what matters comes back as errors.
                srt_setloglevel(2)
            }
            count += 1
        }
    }

    deinit {
        Self.count.withLock { count in
            count -= 1
            if count == 0 { srt_cleanup() }
        }
    }

    /// True when the last call failed for want of something the system may have again: open files, threads, memory.
    static var isExhausted: Bool {
        var number: Int32 = 0
        let code = srt_getlasterror(&number)
        return [EMFILE, ENFILE, ENOMEM].contains(number) || [SRT_ETHREAD.rawValue, SRT_ENOBUF.rawValue].contains(code)
    }

    static var lastErrorText: String { String(cString: srt_getlasterror_str()).lowercased() }
}
