internal import Foundation

/// Another program, run to its end.
enum Tool {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    struct Run {
        let output: String
        let seconds: Double
        /// The most memory it and its children had at a time, in bytes, shared pages counted in each; looked at every few milliseconds.
        let peakMemory: Int
    }

    /// Tells whether a program can be found.
    static func path(_ name: String) -> String? {
        if name.contains("/") { return FileManager.default.isExecutableFile(atPath: name) ? name : nil }
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Runs a program and waits for it.
    /// - Throws: ``Failed`` when it is not there or does not end with 0.
    @discardableResult
    static func run(_ name: String, _ arguments: [String]) throws -> Run {
        guard let path = path(name) else { throw Failed(description: "\(name) is not installed") }
        let outputPath = FileManager.default.temporaryDirectory.appendingPathComponent("codec-benchmark-\(getpid()).out").path
        defer { unlink(outputPath) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var words = ([path] + arguments).map { strdup($0) }
        words.append(nil)
        defer { words.forEach { free($0) } }
        let start = ContinuousClock.now
        var process: pid_t = 0
        guard posix_spawn(&process, path, &actions, nil, words, environ) == 0 else {
            throw Failed(description: "\(name) does not start")
        }
        var status: Int32 = 0
        var peakMemory = 0
        while true {
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process { break }
            guard ended == 0 else { throw Failed(description: "\(name) cannot be waited for") }
            peakMemory = max(peakMemory, memory(of: process))
            usleep(5000)
        }
        guard status == 0 else { throw Failed(description: "\(name) \(arguments.joined(separator: " ")) failed") }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let output = (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? ""
        return Run(output: output, seconds: seconds, peakMemory: peakMemory)
    }

    /// Resident bytes of a process and its children; 0 once it is gone.
    private static func memory(of process: pid_t) -> Int {
        let folder = "/proc/\(process)"
        let fields = ((try? String(contentsOfFile: "\(folder)/statm", encoding: .utf8)) ?? "").split(separator: " ")
        let own = fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/task")) ?? []
        return tasks.reduce(own) { sum, task in
            let children = (try? String(contentsOfFile: "\(folder)/task/\(task)/children", encoding: .utf8)) ?? ""
            return children.split(separator: " ").compactMap { pid_t($0) }.reduce(sum) { $0 + memory(of: $1) }
        }
    }
}
