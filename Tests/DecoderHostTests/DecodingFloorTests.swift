import Faults
import Decoding
import DecoderHost
import Foundation
import ProgressiveCoding
import Testing

@Suite("Decoders of many sessions", .timeLimit(.minutes(2)))
struct DecodingFloorTests {
    @Test("A decoder that is killed costs one more try in a fresh process, and the chunk is decoded")
    func retried() async throws {
        let probe = try Probe()
        let decoder = ConfinedDecoder(floor: probe.floor())
        let chunk = probe.chunk("die-once", "a")
        guard case .compressed(let payload, _) = chunk else { return }
        #expect(try await decoder.decode(chunk, rank: 0) == .bytes(payload))
        let processes = try probe.processes("a")
        #expect(processes.count == 2 && Set(processes).count == 2)
    }

    @Test("A process that died while it had nothing to do is replaced")
    func idleDeath() async throws {
        let probe = try Probe()
        let decoder = ConfinedDecoder(floor: probe.floor())
        _ = try await decoder.decode(probe.chunk("answer", "a"), rank: 0)
        kill(try #require(try probe.processes("a").last), SIGKILL)
        _ = try await decoder.decode(probe.chunk("answer", "a"), rank: 0)
        #expect(Set(try probe.processes("a")).count == 2)
    }

    @Test("A chunk that brings down two processes is refused in a sentence, and the session's next chunk is decoded")
    func refused() async throws {
        let probe = try Probe()
        let decoder = ConfinedDecoder(floor: probe.floor())
        await #expect(throws: CodingError(.invalidChunk, "a chunk brought its decoder down twice")) {
            try await decoder.decode(probe.chunk("die", "a"), rank: 0)
        }
        #expect(try probe.processes("a").count == 2)
        _ = try await decoder.decode(probe.chunk("answer", "b"), rank: 0)
    }

    @Test("A decoder that answers what is no answer is refused at once")
    func mumbled() async throws {
        let probe = try Probe()
        let decoder = ConfinedDecoder(floor: probe.floor())
        await #expect(throws: CodingError(.invalidChunk, "the decoder's process gave no answer")) {
            try await decoder.decode(probe.chunk("mumble", "a"), rank: 0)
        }
    }

    @Test("A chunk is decoded while every core is held by another session's chunks that never end")
    func besideEndless() async throws {
        let probe = try Probe()
        let floor = probe.floor(slots: 1)
        let hostile = ConfinedDecoder(floor: floor)
        let endless = Task { try await hostile.decode(probe.chunk("spin", "a"), rank: 0) }
        let stuck = try await probe.begun("a")
        let honest = ConfinedDecoder(floor: floor)
        for _ in 0..<5 { _ = try await honest.decode(probe.chunk("answer", "b"), rank: 0) }
        // It stood still for the other one, and goes on.
        #expect(kill(stuck, 0) == 0)
        hostile.close()
        await #expect(throws: CancellationError.self) { try await endless.value }
    }

    @Test("A chunk that stood still for other sessions ends like any other")
    func resumed() async throws {
        let probe = try Probe()
        let floor = probe.floor(slots: 1)
        let (long, short) = (ConfinedDecoder(floor: floor), ConfinedDecoder(floor: floor))
        async let first = long.decode(probe.chunk("work", "a"), rank: 0)
        _ = try await probe.begun("a")
        for _ in 0..<20 { _ = try await short.decode(probe.chunk("answer", "b"), rank: 0) }
        _ = try await first
        #expect(try probe.processes("a").count == 1)
    }

    @Test("A session that ends takes its decoders with it: what runs is killed, what waits fails, nothing is begun any more")
    func closed() async throws {
        let probe = try Probe()
        let decoder = ConfinedDecoder(floor: probe.floor(slots: 1))
        let running = Task { try await decoder.decode(probe.chunk("sleep", "a"), rank: 0) }
        let process = try await probe.begun("a")
        let waiting = Task { try await decoder.decode(probe.chunk("answer", "b"), rank: 1) }
        try await Task.sleep(for: .milliseconds(50))
        decoder.close()
        await #expect(throws: CancellationError.self) { try await running.value }
        await #expect(throws: CancellationError.self) { try await waiting.value }
        await #expect(throws: CancellationError.self) { try await decoder.decode(probe.chunk("answer", "b"), rank: 0) }
        try await probe.gone(process)
        #expect(try probe.processes("b").isEmpty)
    }

    @Test("Chunks of one session are begun by rank, whatever came first")
    func ranks() async throws {
        let probe = try Probe()
        let decoder = ConfinedDecoder(floor: probe.floor(slots: 1))
        async let first = decoder.decode(probe.chunk("sleep-a-while", "first"), rank: 0)
        _ = try await probe.begun("first")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for rank in [9, 4, 7, 1] {
                group.addTask { _ = try await decoder.decode(probe.chunk("answer", "rest", voxels: rank), rank: UInt64(rank)) }
            }
            try await group.waitForAll()
        }
        _ = try await first
        #expect(probe.sizes("rest") == [1, 4, 7, 9])
    }

    @Test("A chunk that holds its decoder for longer than it may is refused in a sentence, without another try")
    func tooLong() async throws {
        let probe = try Probe()
        let decoder = ConfinedDecoder(floor: probe.floor { $0.chunkTime = .milliseconds(1500) })
        for word in ["sleep", "spin"] {
            let error = await #expect(throws: CodingError.self) { try await decoder.decode(probe.chunk(word, word), rank: 0) }
            #expect(error?.message.contains("holds its decoder for longer than") == true)
            #expect(try probe.processes(word).count == 1)
            try await probe.gone(try #require(try probe.processes(word).last))
        }
    }

    @Test("A session whose chunks take longer than its voxels allow is refused in a sentence; another goes on")
    func overBudget() async throws {
        let probe = try Probe()
        let floor = probe.floor { $0.sessionTime = .milliseconds(500) }
        let (greedy, modest) = (ConfinedDecoder(floor: floor), ConfinedDecoder(floor: floor))
        greedy.allow(voxels: 1000)
        modest.allow(voxels: 1000)
        let error = await #expect(throws: CodingError.self) {
            while true { _ = try await greedy.decode(probe.chunk("work", "a"), rank: 0) }
        }
        #expect(error?.message.contains("longer than the session's voxels allow") == true)
        await #expect(throws: CodingError.self) { try await greedy.decode(probe.chunk("answer", "a"), rank: 0) }
        _ = try await modest.decode(probe.chunk("answer", "b"), rank: 0)
    }

    @Test("Decoders outlive the threads that wait for them")
    func lasting() async throws {
        let probe = try Probe()
        let decoder = ConfinedDecoder(floor: probe.floor())
        _ = try await decoder.decode(probe.chunk("answer", "a"), rank: 0)
        // Longer than a queue keeps a thread without work.
        try await Task.sleep(for: .seconds(8))
        _ = try await decoder.decode(probe.chunk("answer", "a"), rank: 0)
        let all = try probe.processes("a")
        #expect(all.count == 2 && all[0] == all[1])
    }

    @Test("A program that cannot be started is an error, and the session's end")
    func noProgram() async throws {
        let decoder = ConfinedDecoder(floor: DecodingFloor(executable: "/nonexistent/decoder"))
        let error = await #expect(throws: ConfinementError.self) {
            try await decoder.decode(.compressed(payload: [], count: 1), rank: 0)
        }
        #expect(error?.code == .cannotStart)
    }
}
