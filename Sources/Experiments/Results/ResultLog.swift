internal import Faults
internal import Foundation

/// The lines of results of an experiment's folder. A line counts once it has its end: one that was torn when a program was killed
/// is dropped, and its
/// transfer made again.
struct ResultLog {
    let path: String

    private static let byteLimit = 1 << 30

    /// Whole lines that are results; others are passed over.
    func rows() throws -> [Row] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        guard let data = FileManager.default.contents(atPath: path), data.count <= Self.byteLimit else {
            throw ExperimentError(.invalidResults, "\(path): cannot be read, or is larger than results may be")
        }
        guard let end = data.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        return data[...end].split(separator: UInt8(ascii: "\n")).compactMap { try? Row(json: String(decoding: $0, as: UTF8.self)) }
    }

    /// Takes away what follows the last whole line.
    func mend() throws {
        guard let data = FileManager.default.contents(atPath: path), let last = data.last, last != UInt8(ascii: "\n") else {
            return
        }
        let length = data.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        guard truncate(path, off_t(length)) == 0 else {
            throw ExperimentError(.cannotWrite, "\(path): a torn line cannot be taken away")
        }
    }

    /// Makes the file where there is none, so that whoever waits for it finds it also when nothing was left to do.
    func touch() throws { try append([]) }

    /// Adds a line and makes it durable.
    func append(_ row: Row) throws { try append(Array((row.json + "\n").utf8)) }

    private func append(_ bytes: [UInt8]) throws {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw ExperimentError(.cannotWrite, "\(path): cannot be written") }
        defer { close(descriptor) }
        // In one call, so that lines of several programs do not mix.
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw ExperimentError(.cannotWrite, "\(path): the disk takes no more")
        }
    }
}
