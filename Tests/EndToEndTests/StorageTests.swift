import Concurrency
import Receiver
import Foundation
import Glibc
import Journal
import SRTTransport
import Synchronization
import Testing
import WireFormat

@Suite("What is said to be stored is stored", .serialized)
struct StorageTests {
    /// Holds up whoever comes, from when it is closed until it is opened.
    private final class Gate: Sendable {
        private let state = Mutex((isClosed: false, waitingCount: 0))
        private let passage = DispatchSemaphore(value: 0)
        func close() { state.withLock { $0.isClosed = true } }
        var waitingCount: Int { state.withLock { $0.waitingCount } }
        func pass() {
            let waits = state.withLock { state in
                if state.isClosed { state.waitingCount += 1 }
                return state.isClosed
            }
            if waits { passage.wait() }
        }
        func open() {
            let count = state.withLock { state in
                state.isClosed = false
                return state.waitingCount
            }
            for _ in 0..<count { passage.signal() }
        }
    }

    private final class Switch: Sendable {
        private let value = Mutex(false)
        var isOn: Bool { value.withLock { $0 } }
        func turnOn() { value.withLock { $0 = true } }
    }

    private func send(_ files: [String], mask: String, to receiver: OpenReceiver, _ more: [String] = []) async throws -> (
        code: Int32?, program: Program
    ) {
        try await Program.run(
            "fovea",
            ["send"] + files + [
                "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(receiver.port)", "--session", "s", "--json",
            ] + more)
    }

    private func small(_ scratch: Scratch) throws -> (volume: String, mask: String) {
        try Transfer.phantom(scratch, columns: 32, rows: 32, slices: 20)
    }

    @Test("A chunk is acknowledged once the disk has it, and not before")
    func durability() async throws {
        let scratch = try Scratch()
        let gate = Gate()
        let receiver = try await OpenReceiver(scratch) { site in
            site.system.journal.synchronize = { descriptor in
                gate.pass()
                return fdatasync(descriptor)
            }
        }
        let peer = try await Peer(port: receiver.port)
        try await peer.greet("s")
        gate.close()
        await peer.say(0, try Peer.manifest())
        for _ in 0..<2000 where gate.waitingCount == 0 { await peer.ask() }
        #expect(gate.waitingCount == 1, "nobody waits for the disk")
        // Several answers to what is asked, all of them after the chunk was taken.
        let before = peer.acknowledged.count
        for _ in 0..<2000 where peer.acknowledged.count < before + 3 { await peer.ask() }
        #expect(peer.acknowledged.count >= before + 3)
        #expect(!peer.hasAcknowledged, "acknowledged while the disk is still at it")
        gate.open()
        let answer = try await peer.wait { $0 == .acknowledgement([0..<1]) }
        #expect(answer != nil)
        await peer.connection.close(timeout: .zero)
        await receiver.stop()
    }

    @Test("A disk that is full or read-only acknowledges nothing more, and both ends are told", arguments: [ENOSPC, EROFS])
    func full(number: Int32) async throws {
        let scratch = try Scratch()
        let isFull = Switch()
        let receiver = try await OpenReceiver(scratch) { site in
            site.system.journal.write = { descriptor, bytes, position in
                guard !isFull.isOn else {
                    errno = number
                    return -1
                }
                return pwrite(descriptor, bytes.baseAddress, bytes.count, position)
            }
        }
        let peer = try await Peer(port: receiver.port)
        try await peer.greet("s")
        isFull.turnOn()
        await peer.say(0, try Peer.manifest())
        _ = try await peer.wait { if case .abort = $0 { true } else { false } }
        #expect(!peer.hasAcknowledged)
        let reason = String(cString: strerror(number)).lowercased()
        #expect(peer.farewell?.reason == .failed)
        #expect(peer.farewell?.message.contains(number == ENOSPC ? "disk is full" : "read-only") == true)
        #expect(peer.farewell?.message.contains(scratch.path) == false, "the sender is told where the receiver keeps its files")
        let endings = try await receiver.endings(1)
        #expect(endings.first?.contains(reason) == true)
        await receiver.stop()
    }

    @Test("A journal that somebody removed acknowledges nothing more, and both ends are told")
    func removed() async throws {
        let scratch = try Scratch()
        let receiver = try await OpenReceiver(scratch)
        let peer = try await Peer(port: receiver.port)
        try await peer.greet("s")
        #expect(unlink(scratch.file("in/s/session.journal")) == 0)
        await peer.say(0, try Peer.manifest())
        _ = try await peer.wait { if case .abort = $0 { true } else { false } }
        #expect(!peer.hasAcknowledged)
        #expect(peer.farewell?.message.contains("journal was removed") == true)
        let endings = try await receiver.endings(1)
        #expect(endings.first?.contains("the journal was removed") == true)
        await receiver.stop()
    }

    @Test("A session that the disk has no room for is refused before its voxels come, with both figures")
    func space() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let receiver = try await OpenReceiver(scratch) { $0.system.freeByteCount = { _ in 500_000 } }
        let (code, sender) = try await send([volume], mask: mask, to: receiver)
        #expect(code == 69, "\(sender.standardError)")
        #expect(sender.standardError.contains("500.0 kB left"), "\(sender.standardError)")
        #expect(sender.standardError.contains("needs 1.1 MB"), "\(sender.standardError)")
        let endings = try await receiver.endings(1)
        #expect(endings.first?.contains("500.0 kB left") == true)
        #expect(scratch.files(in: "in/s").filter { $0.hasSuffix(".nii.gz") }.isEmpty)
        await receiver.stop()
    }

    @Test("Room for what is announced is enough")
    func enoughSpace() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try small(scratch)
        let receiver = try await OpenReceiver(scratch) { $0.system.freeByteCount = { _ in 500_000 } }
        let (code, sender) = try await send([volume], mask: mask, to: receiver)
        #expect(code == 0, "\(sender.standardError)")
        #expect(scratch.files(in: "in/s") == ["head.nii.gz", "head.quality.nii.gz", "receipt.json", "session.journal"])
        await receiver.stop()
    }

    @Test("More volumes or chunks than may be are refused with their number", arguments: [true, false])
    func counts(isVolumes: Bool) async throws {
        let scratch = try Scratch()
        let (volume, mask) = try small(scratch)
        let other = scratch.file("other.nii.gz")
        try FileManager.default.copyItem(atPath: volume, toPath: other)
        let receiver = try await OpenReceiver(scratch) { site in
            if isVolumes { site.limits.volumeCount = 1 } else { site.limits.chunkCount = 2 }
        }
        let (code, sender) = try await send([volume, other], mask: mask, to: receiver)
        #expect(code == 69, "\(sender.standardError)")
        #expect(sender.standardError.contains("2 volumes in"), "\(sender.standardError)")
        #expect(sender.standardError.contains("more than is taken here"), "\(sender.standardError)")
        await receiver.stop()
    }

    @Test("A session that lasts longer than it may is refused")
    func duration() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try small(scratch)
        let receiver = try await OpenReceiver(scratch) { $0.limits.duration = .milliseconds(1) }
        let (code, sender) = try await send([volume], mask: mask, to: receiver)
        #expect(code == 69, "\(sender.standardError)")
        #expect(sender.standardError.contains("has lasted longer than"), "\(sender.standardError)")
        await receiver.stop()
    }
}
