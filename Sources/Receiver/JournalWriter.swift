internal import Faults
internal import Transfer
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

    private init(_ journal: SessionJournal, onFailure: @escaping @Sendable (any Error) -> Void) {
        self.journal = journal
        self.onFailure = onFailure
    }

    /// Opens a session's journal, or begins one, on a thread that may wait.
    /// - Throws: `JournalError`, `SessionError`.
    static func open(
        folder: String, begun: [UInt8], byteLimit: Int, system: JournalSystem, onFailure: @escaping @Sendable (any Error) -> Void
    ) throws -> (writer: JournalWriter, contents: JournalContents) {
        var contents = JournalContents()
        let path = "\(folder)/\(fileName)"
        let journal: SessionJournal
        do {
            journal = try SessionJournal(path: path, byteLimit: byteLimit, system: system) { try contents.replay($0) }
        } catch let error as SessionError {
            // Only its own sender's attempt puts it aside.
            guard contents.begun == nil || contents.begun == begun else { throw error }
            let aside = try setAside(folder: folder, begun: begun)
            throw TransferError(
                .unusableJournal,
                "\(path) contradicts itself: \(error.message); it is kept as \(aside), and the session can be sent anew")
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
        if isFull { return fail(TransferError(.limitReached, "the disk is more than \(Self.byteLimit) bytes behind the network")) }
        queue.async { [self] in
            // After a failure there is a hole: what comes behind it is of no use.
            guard !waiting.withLock({ $0.failed }) else { return }
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
            // What could not be written is not durable because something else is.
            guard !waiting.withLock({ $0.failed }) else { return }
            try journal.synchronize()
            for body in bodies { body() }
        } catch {
            fail(error)
        }
    }

    /// The most journals of one session that are set aside.
    static let asideLimit = 8

    /// Gives a journal that cannot be gone on with another name, and begins an empty one in its place. Nothing is lost, and nothing is replayed again.
    /// - Returns: the other name.
    /// - Throws: `TransferError.Code.unusableJournal` when there are too many of them, or it cannot be renamed.
    static func setAside(folder: String, begun: [UInt8]) throws -> String {
        let path = "\(folder)/\(fileName)"
        for number in 1...asideLimit {
            let name = "\(fileName).unusable-\(number)"
            let aside = "\(folder)/\(name)"
            guard access(aside, F_OK) != 0 else { continue }
            // One that a crash left here.
            unlink(path + ".new")
            let fresh = try SessionJournal(path: path + ".new", byteLimit: 1 << 20, replay: { _ in })
            try fresh.append([.begun(begun)])
            try fresh.synchronize()
            fresh.close()
            // A link where there can be one: then there is a journal at every moment.
            guard link(path, aside) == 0 || rename(path, aside) == 0, rename(path + ".new", path) == 0 else {
                let reason = String(cString: strerror(errno)).lowercased()
                throw TransferError(.unusableJournal, "\(path) is unusable and cannot be renamed: \(reason)")
            }
            return name
        }
        throw TransferError(
            .unusableJournal, "\(folder): \(asideLimit) journals of this session were unusable; send under another --session")
    }

    /// Closes the journal and sets it aside.
    /// - Returns: a sentence about what became of it.
    func setAside(folder: String, begun: [UInt8]) async -> String {
        await withCheckedContinuation { done in
            queue.async { [self] in
                try? journal.synchronize()
                journal.close()
                do {
                    let name = try Self.setAside(folder: folder, begun: begun)
                    done.resume(returning: "what had come is kept in \(name), and the session can be sent anew")
                } catch {
                    done.resume(returning: "\(error)")
                }
            }
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
