internal import Dispatch
internal import Glibc
internal import Journal
internal import StreamSession
internal import Synchronization
internal import WireFormat

/// Writes a session's journal behind the loop that receives, in order and off Swift's pool, and says when what was written is durable.
final class JournalWriter: Sendable {
    static let fileName = "session.journal"

    private let journal: SessionJournal
    private let queue = DispatchQueue(label: "fovea.journal")
    private let waiting = Mutex((byteCount: 0, isSyncing: false, failed: false, durable: [@Sendable () -> Void]()))
    private let onFailure: @Sendable (any Error) -> Void
    /// So much behind the network the disk may be.
    private static let byteLimit = 128 << 20

    /// What a journal held when it was opened.
    struct Contents: Sendable {
        var begun: [UInt8]?
        var reassembler = Reassembler()
        /// Whole records.
        var records: [UInt32: [UInt8]] = [:]
        var receipt: Receipt?
    }

    private init(_ journal: SessionJournal, onFailure: @escaping @Sendable (any Error) -> Void) {
        self.journal = journal
        self.onFailure = onFailure
    }

    /// Opens a session's journal, or begins one, on a thread that may wait.
    /// - Throws: `JournalError`, `SessionError`.
    static func open(
        folder: String, begun: [UInt8], byteLimit: Int, onFailure: @escaping @Sendable (any Error) -> Void
    ) throws -> (writer: JournalWriter, contents: Contents) {
        var contents = Contents()
        let journal = try SessionJournal(path: "\(folder)/\(fileName)", byteLimit: byteLimit) { entry in
            switch entry {
            case .begun(let bytes): contents.begun = bytes
            case .fragment(let ordinal, let total, let offset, let payload):
                guard
                    let fragment = Fragment(
                        ordinal: ordinal, checkedTotal: total, offset: offset, payload: payload)
                else { return }
                if let record = try contents.reassembler.take(fragment).record { contents.records[ordinal] = record }
            case .dropped(let ordinal):
                contents.reassembler.drop(ordinal)
                contents.records[ordinal] = nil
            case .stored(let bytes):
                if case .receipt(let receipt)? = try? Datagram(decoding: bytes) { contents.receipt = receipt }
            }
        }
        if contents.begun == nil { try journal.append([.begun(begun)]) }
        return (JournalWriter(journal, onFailure: onFailure), contents)
    }

    /// Writes entries, in time.
    func append(_ entries: [JournalEntry]) {
        let byteCount = entries.reduce(0) { sum, entry in
            if case .fragment(_, _, _, let payload) = entry { sum + payload.count } else { sum + 64 }
        }
        let isFull = waiting.withLock { waiting in
            waiting.byteCount += byteCount
            return waiting.byteCount > Self.byteLimit
        }
        if isFull { return fail(SiteError(.limitReached, "the disk is more than \(Self.byteLimit) bytes behind the network")) }
        queue.async { [self] in
            do { try journal.append(entries) } catch { fail(error) }
            waiting.withLock { $0.byteCount -= byteCount }
        }
    }

    /// Calls back once everything appended so far is durable. Those who ask meanwhile share one wait for the disk.
    func whenDurable(_ body: @escaping @Sendable () -> Void) {
        // In the queue's order: whoever is on the list when the wait begins has been written before it.
        queue.async { [self] in
            let mustStart = waiting.withLock { waiting in
                waiting.durable.append(body)
                defer { waiting.isSyncing = true }
                return !waiting.isSyncing
            }
            if mustStart { queue.async { [self] in synchronize() } }
        }
    }

    private func synchronize() {
        let bodies = waiting.withLock { waiting in
            defer {
                waiting.durable = []
                waiting.isSyncing = false
            }
            return waiting.durable
        }
        do {
            try journal.synchronize()
            for body in bodies { body() }
        } catch {
            fail(error)
        }
    }

    /// Replaces everything by the receipt: what it speaks of is in files of its own.
    func finish(folder: String, begun: [UInt8], receipt: Receipt) async {
        await withCheckedContinuation { done in
            queue.async { [self] in
                journal.close()
                let path = "\(folder)/\(Self.fileName)"
                // Beside its place and renamed: at every moment there is a journal. Where that fails the long one stays, and serves as well.
                if let fresh = try? SessionJournal(path: path + ".new", byteLimit: 1 << 20, replay: { _ in }),
                    (try? fresh.append([.begun(begun), .stored(Datagram.receipt(receipt).encoded())])) != nil,
                    (try? fresh.synchronize()) != nil
                {
                    fresh.close()
                    rename(path + ".new", path)
                }
                done.resume()
            }
        }
    }

    /// Makes what there is durable and lets go of the file.
    func close() async {
        await withCheckedContinuation { done in
            queue.async { [self] in
                try? journal.synchronize()
                journal.close()
                done.resume()
            }
        }
    }

    private func fail(_ error: any Error) {
        let isFirst = waiting.withLock { waiting in
            defer { waiting.failed = true }
            return !waiting.failed
        }
        if isFirst { onFailure(error) }
    }
}
