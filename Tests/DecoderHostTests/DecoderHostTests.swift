import Decoding
import DecoderHost
import Foundation
import ProgressiveCoding
import Testing

@Suite("What a decoder's process may do")
struct ConfinementTests {
    @Test(
        "From inside, it opens no file, makes no socket, starts nothing and has no executable memory; it has what memory it needs")
    func fromInside() throws {
        let process = Process()
        process.executableURL = Probe.executable
        process.arguments = ["inside"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        var found: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.components(separatedBy: ": ")
            found[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        #expect(found.removeValue(forKey: "done") != nil, "\(text)")
        #expect(found.removeValue(forKey: "map memory") == "allowed")
        #expect(found.removeValue(forKey: "take five gigabytes") == "no memory")
        #expect(found.count == 17)
        for (what, outcome) in found { #expect(outcome == "refused", "\(what)") }
    }

    @Test("The kernel's limits follow the chunk: a small one gets little memory and a few seconds of a core")
    func limits() async throws {
        let probe = try Probe()
        let decoder = ConfinedDecoder(floor: probe.floor())
        _ = try await decoder.decode(probe.chunk("answer", "a", voxels: 1000), rank: 0)
        let small = try probe.limits(of: #require(probe.processes("a").last))
        #expect(try #require(small["Max address space"]) < 1 << 30)
        #expect(try #require(small["Max cpu time"]) <= 20)
        _ = try await decoder.decode(probe.chunk("answer", "a", voxels: 10 << 20), rank: 0)
        let large = try probe.limits(of: #require(probe.processes("a").last))
        #expect(try #require(large["Max address space"]) > 1 << 30)
        #expect(try #require(large["Max cpu time"]) > 60)
        #expect(Set(try probe.processes("a")).count == 1)
    }

    @Test("No chunk is given more than two minutes, no process more than four gigabytes, whatever is announced")
    func bounds() {
        let limits = WorkerLimits()
        for voxels in [0, 1, 1 << 20, 1 << 40, .max / 2] {
            let request = DecodeRequest.compressed(payload: [], count: voxels)
            #expect(limits.time(request) <= .seconds(120))
            #expect(limits.memory(request) <= 4 << 30)
        }
        #expect(limits.time(.compressed(payload: [], count: 1 << 20)) <= .seconds(30))
    }

    @Test(
        "A session's memory is no bound on its cores: sixteen chunks of 32 slices of a head are decoded at a time, where there are as many"
    )
    func manyCores() {
        let chunk = DecodeRequest.compressed(payload: [UInt8](repeating: 0, count: 1 << 20), count: 32 * 240 * 240)
        #expect(16 * WorkerLimits().working(chunk) <= DecodingFloor.laneMemory)
    }
}
