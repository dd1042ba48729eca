internal import Faults
internal import CSeccomp
internal import Glibc

/// The process in which a peer's chunks are decoded: it reads requests, writes answers, and may do nothing else.
///
/// It opens no file, makes no socket, starts no program and maps no executable memory, whatever a hostile chunk makes of it.
package enum ConfinedWorker {
    /// Address space no process ever gets beyond.
    package static let memoryCeiling = 4 << 30
    /// Processor time that no process ever gets beyond, whatever it decodes.
    package static let processSeconds = 3600

    /// Confines this process, then serves requests from standard input until it is closed. Does not return.
    package static func serve() -> Never {
        do {
            try confine()
        } catch {
            _ = PipeIO.write(WorkerMessage(.failure(DecodeError(error.message))).bytes, to: 1)
            exit(77)
        }
        while true {
            guard let bytes = PipeIO.read(from: 0) else { _exit(0) }
            var message = WorkerMessage(bytes: bytes)
            let result: Result<DecodedChunk, DecodeError>
            if let request = message.takeRequest() {
                result = Result { () throws(DecodeError) in try request.perform() }
            } else {
                result = .failure(DecodeError("not a decode request"))
            }
            guard PipeIO.write(WorkerMessage(result).bytes, to: 1) else { _exit(0) }
        }
    }

    /// Gives up, for good, everything that decoding does not need.
    /// - Throws: `ConfinementError.Code.cannotConfine`.
    package static func confine() throws(ConfinementError) {
        fovea_die_with_parent()
        let limits: [(__rlimit_resource, rlim_t)] = [
            (RLIMIT_AS, rlim_t(memoryCeiling)), (RLIMIT_CPU, rlim_t(processSeconds)), (RLIMIT_CORE, 0),
            (RLIMIT_FSIZE, 0), (RLIMIT_NOFILE, 3),
        ]
        for (resource, limit) in limits {
            // Who started the program may have set less, which cannot be raised.
            var present = rlimit()
            _ = getrlimit(__rlimit_resource_t(resource.rawValue), &present)
            let limit = min(limit, present.rlim_max)
            var value = rlimit(rlim_cur: limit, rlim_max: limit)
            guard setrlimit(__rlimit_resource_t(resource.rawValue), &value) == 0 else {
                throw ConfinementError(.cannotConfine, "the decoder's process cannot limit itself")
            }
        }
        guard fovea_forbid_new_privileges() == 0, let filter = seccomp_init(fovea_refuse_action()) else {
            throw ConfinementError(.cannotConfine, "the decoder's process cannot confine itself")
        }
        defer { seccomp_release(filter) }
        let allowed = [
            "read", "write", "exit", "exit_group", "brk", "munmap", "mremap", "madvise", "futex", "rt_sigreturn", "rt_sigprocmask",
            "clock_gettime", "getrandom", "sched_yield", "gettid", "getpid",
        ]
        for name in allowed {
            guard seccomp_rule_add_array(filter, fovea_allow_action(), seccomp_syscall_resolve_name(name), 0, nil) == 0 else {
                throw ConfinementError(.cannotConfine, "the kernel's filter does not take \(name)")
            }
        }
        // Memory, but none that can be executed: the third argument's PROT_EXEC bit must be clear.
        var notExecutable = scmp_arg_cmp(arg: 2, op: SCMP_CMP_MASKED_EQ, datum_a: UInt64(PROT_EXEC), datum_b: 0)
        for name in ["mmap", "mprotect"] {
            guard seccomp_rule_add_array(filter, fovea_allow_action(), seccomp_syscall_resolve_name(name), 1, &notExecutable) == 0
            else {
                throw ConfinementError(.cannotConfine, "the kernel's filter does not take \(name)")
            }
        }
        guard seccomp_load(filter) == 0 else {
            throw ConfinementError(.cannotConfine, "the kernel does not confine the decoder's process (no seccomp)")
        }
    }
}
