internal import Faults
internal import CNetSim
import Glibc

/// A file that text is appended to, closed when the last reference goes.
final class LogFile {
    private let descriptor: Int32
    private let path: String

    init(path: String) throws {
        self.path = path
        guard !path.utf8.contains(0) else {
            throw NetSimError(.log, "a log's path must not contain a NUL byte")
        }
        descriptor = netsim_create_file(path)
        guard descriptor >= 0 else { throw NetSimError.system(.log, "cannot create the log \(path)") }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    func append(_ text: String) throws {
        var text = text
        let complete = text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                let count = write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                written += count
            }
            return true
        }
        guard complete else { throw NetSimError.system(.log, "cannot write to the log \(path)") }
    }
}
