internal import Faults
internal import Synchronization

/// The parts of a session that a receiver has, in a file that only grows: appended, made durable, and only then said to be there.
///
/// It may be used from any thread: a mutex guards its state and puts appends in a row, each as a whole. ``synchronize()`` does
/// not hold that mutex while it waits for the disk, so that no one else waits with it.
///
/// After a write or a synchronisation that leaves unknown what is on disk, every further use throws the same error: Linux forgets
/// what it could not write, and a second attempt would succeed without it. Opening the file anew finds out what is there.
package final class SessionJournal: Sendable {
    private struct State {
        /// Nil once closed.
        var file: JournalFile?
        var byteCount: Int
        var hasBegun: Bool
        var failure: JournalError?

        func usableFile(_ path: String) throws(JournalError) -> JournalFile {
            if let failure { throw failure }
            guard let file else { throw JournalError(.closed, "\(path): the journal is closed") }
            return file
        }
    }
    /// Path of the file.
    package let path: String
    private let byteLimit: Int
    private let state: Mutex<State>
    /// One at a time: of two that wait for the same disk, only one would be told of its failure.
    private let synchronizing = Mutex(())

    /// Bytes read at a time; whole records fit.
    private static let windowByteCount = 1 << 20

    /// Opens or creates a journal (mode 0600), with an exclusive advisory lock on it, and reads it from the start.
    ///
    /// Bytes after the last valid record are cut off: a crash left them. When this returns, everything replayed is durable, and so
    /// is the file's name. Blocking.
    /// - Parameters:
    ///   - byteLimit: the most bytes of the file, now and later.
    ///   - system: what writes and waits for the disk.
    ///   - replay: gets every valid entry in order; what it throws is passed on, and the file is left untouched.
    /// - Throws: `JournalError.Code.inUse` while another has it open, `.notAJournal`, `.unsupportedVersion` or `.tooLarge`, which
    ///   leave the file untouched; `.notFound` when its folder is not there, `.notPermitted`, `.unreadable`, `.cannotWrite`,
    ///   `.noSpace`.
    package init(
        path: String, byteLimit: Int, system: JournalSystem = JournalSystem(), replay: (JournalEntry) throws -> Void
    ) throws {
        let header = JournalRecord.fileHeader
        guard byteLimit >= header.count else {
            throw JournalError(.tooLarge, "\(path): a journal has at least \(header.count) bytes, and \(byteLimit) are allowed")
        }
        let file = try JournalFile(path: path, system: system)
        let byteCount = try file.byteCount()
        try Self.checkHeader(file, byteCount: byteCount)
        guard byteCount <= byteLimit else {
            throw JournalError(.tooLarge, "\(path): a journal of \(byteCount) bytes, above \(byteLimit)")
        }
        var end = header.count
        var hasBegun = false
        if byteCount < header.count {
            // New, or its making was cut short.
            do {
                try file.write(header, at: 0)
            } catch {
                try? file.cut(to: 0)
                throw error
            }
        } else {
            end = try Self.replay(file, byteCount: byteCount, replay)
            hasBegun = end > header.count
            if end < byteCount { try file.cut(to: end) }
        }
        // What a killed program left in memory only must not be said to be on disk.
        try file.settle()
        self.path = path
        self.byteLimit = byteLimit
        state = Mutex(State(file: file, byteCount: end, hasBegun: hasBegun, failure: nil))
    }

    /// Passes if a file begins as a journal does, or could once its making had come to its end.
    private static func checkHeader(_ file: JournalFile, byteCount: Int) throws(JournalError) {
        let expected = JournalRecord.fileHeader
        let found = try file.read(at: 0, count: min(byteCount, expected.count))
        guard !expected.starts(with: found) else { return }
        guard found.count == expected.count, found.starts(with: JournalRecord.signature) else {
            throw JournalError(.notAJournal, "\(file.path): not a journal of Fovea's")
        }
        let version = UInt16(found[6]) << 8 | UInt16(found[7])
        throw JournalError(
            .unsupportedVersion, "\(file.path): a journal of version \(version); this program knows \(JournalRecord.version)")
    }

    /// Reads the records.
    /// - Returns: where the last valid one ends.
    private static func replay(_ file: JournalFile, byteCount: Int, _ replay: (JournalEntry) throws -> Void) throws -> Int {
        let start = JournalRecord.fileHeader.count
        var position = start
        while true {
            let window = try file.read(at: position, count: min(windowByteCount, byteCount - position))
            var used = 0
            while case .record(let entry, let count) = JournalRecord.read(window, at: used),
                entry.isBegun == (position + used == start)
            {
                try replay(entry)
                used += count
            }
            // A window has room for any record: one it does not hold is not there.
            guard used > 0 else { return position }
            position += used
        }
    }

    /// Appends entries in one write: all of them, or none when it throws. They are not durable before ``synchronize()``; a crash
    /// before it may leave the first of them.
    /// - Throws: `JournalError.Code.invalidEntry` when an entry is beyond its limits or a session would begin elsewhere than at
    ///   the journal's start, `.tooLarge` when the file would become so, `.noSpace`, `.cannotWrite`, `.closed`.
    package func append(_ entries: [JournalEntry]) throws(JournalError) {
        guard !entries.isEmpty else { return }
        for entry in entries {
            if let fault = entry.fault { throw JournalError(.invalidEntry, "\(path): \(fault)") }
        }
        let bytes = JournalRecord.bytes(of: entries)
        try state.withLock { state throws(JournalError) in
            let file = try state.usableFile(path)
            let beginsInside = entries.dropFirst().contains { $0.isBegun }
            guard !beginsInside, entries.first?.isBegun == !state.hasBegun else {
                throw JournalError(.invalidEntry, "\(path): a journal begins with the beginning of its session, and has no other")
            }
            guard bytes.count <= byteLimit - state.byteCount else {
                throw JournalError(
                    .tooLarge, "\(path): \(bytes.count) bytes more than \(state.byteCount) are above \(byteLimit)")
            }
            do throws(JournalError) {
                try file.write(bytes, at: state.byteCount)
            } catch {
                do throws(JournalError) { try file.cut(to: state.byteCount) } catch { state.failure = error }
                throw error
            }
            state.byteCount += bytes.count
            state.hasBegun = true
        }
    }

    /// Makes durable what was appended before the call. Blocking: call it outside of the cooperative pool.
    /// - Throws: `JournalError.Code.cannotWrite`, `.noSpace`, `.closed`.
    package func synchronize() throws(JournalError) {
        try synchronizing.withLock { _ throws(JournalError) in
            let file = try state.withLock { state throws(JournalError) in try state.usableFile(path) }
            do throws(JournalError) {
                try file.synchronize()
            } catch {
                state.withLock { $0.failure = $0.failure ?? error }
                throw error
            }
        }
    }

    /// Bytes of the file, its signature among them; after ``close()``, what it had.
    package var byteCount: Int { state.withLock { $0.byteCount } }

    /// Gives the file and its lock back, as soon as a ``synchronize()`` under way has ended; makes nothing durable. May be called
    /// twice.
    package func close() { state.withLock { $0.file = nil } }
}
