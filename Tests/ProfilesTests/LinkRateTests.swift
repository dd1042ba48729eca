import Faults
import StrictYAML
import LinkProfiles
import Foundation
import NetSim
import Profiles
import Testing

@Suite("Link profiles whose rate changes")
struct LinkRateTests {
    private static let rest = "round_trip: 80 ms\nloss: 0 %\nqueue: 64 KiB\n"

    private func link(_ text: String) throws -> LinkParameters { try LinkProfile.parse(text + Self.rest, file: "my.yaml") }

    /// Does something in a folder that has a profile of the given text and a trace.
    private func inFolder(_ profile: String, trace: String = "0\n5\n12\n", _ body: (_ folder: String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("links-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: "\(folder)/traces", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try trace.write(toFile: "\(folder)/traces/car.up", atomically: true, encoding: .utf8)
        try (profile + Self.rest).write(toFile: "\(folder)/link.yaml", atomically: true, encoding: .utf8)
        try body(folder)
    }

    @Test(
        "Steps are read in one line and in several",
        arguments: [
            "steps: { 0 s: 10 Mbit/s, 8 s: 2 Mbit/s, 16 s: 10 Mbit/s }\n",
            "steps:\n  0 s: 10 Mbit/s\n  8000 ms: 2 Mbit/s\n  \"16 s\": \"10 Mbit/s\"\n",
        ])
    func steps(text: String) throws {
        let link = try link(text)
        let expected = LinkRate.steps([
            LinkRate.Step(from: .zero, bitsPerSecond: 10e6), LinkRate.Step(from: .seconds(8), bitsPerSecond: 2e6),
            LinkRate.Step(from: .seconds(16), bitsPerSecond: 10e6),
        ])
        #expect(link.up.rate == expected && link.down.rate == expected)
        #expect(link.up.rateBitsPerSecond == 10e6)
        #expect(link.up.delay == .milliseconds(40))
    }

    @Test("A direction's own rate of any form comes before the link's of any form")
    func directions() throws {
        let link = try link("rate: 4 Mbit/s\nup: { steps: { 0 s: 1 Mbit/s, 1 s: 2 Mbit/s }, delay: 7 ms }\n")
        #expect(link.down.rate == .constant(bitsPerSecond: 4e6))
        #expect(
            link.up.rate
                == .steps([LinkRate.Step(from: .zero, bitsPerSecond: 1e6), LinkRate.Step(from: .seconds(1), bitsPerSecond: 2e6)]))
        #expect(link.up.delay == .milliseconds(7))
        let other = try self.link("steps: { 0 s: 1 Mbit/s }\nup: { rate: 3 Mbit/s }\n")
        #expect(other.up.rate == .constant(bitsPerSecond: 3e6))
        #expect(other.down.rateBitsPerSecond == 1e6)
    }

    @Test("A link may have a rate in its directions alone, but then in both")
    func onlyDirections() throws {
        #expect(try link("up: { rate: 1 Mbit/s }\ndown: { steps: { 0 s: 2 Mbit/s } }\n").down.rateBitsPerSecond == 2e6)
        let error = try #require(refusal { try link("up: { rate: 1 Mbit/s }\n") })
        #expect(error.code == .missingKey)
        for key in ["'rate'", "'trace'", "'steps'"] { #expect(error.message.contains(key)) }
    }

    @Test("A trace is found from the profile's own folder, wherever one works")
    func trace() throws {
        try inFolder("rate: 10 Mbit/s\nup: { trace: traces/car.up }\n") { folder in
            let link = try LinkProfile.load("\(folder)/link.yaml")
            #expect(link.up.rate == .trace(try LinkTrace(parsing: "0\n5\n12\n", file: "car.up")))
            #expect(link.up.rateBitsPerSecond == 3e6)
            #expect(link.down.rateBitsPerSecond == 10e6)
            // By its full path from anywhere, as a profile that is not in a file has no folder of its own.
            let again = try self.link("trace: \"\(folder)/traces/car.up\"\n")
            #expect(again.down.rate == link.up.rate)
        }
    }

    @Test("What is wrong with a trace is said with the profile's file, line and key and the trace's own")
    func badTrace() throws {
        try inFolder("# mine\nup:\n  loss: 1 %\n  trace: traces/car.up\nrate: 10 Mbit/s\n", trace: "0\n7\n5\n") { folder in
            let error = try #require(refusal { try LinkProfile.load("\(folder)/link.yaml") })
            #expect(error.code == .invalidValue)
            #expect(error.message.hasPrefix("\(folder)/link.yaml:4: 'up.trace': \(folder)/traces/car.up:3: "), "\(error)")
        }
        for (line, key) in [("trace: /no/such/file", "/no/such/file"), ("trace: ''", "empty"), ("trace: [1]", "one value")] {
            let error = try #require(refusal { try link(line + "\n") })
            #expect(error.code == .invalidValue)
            #expect(error.message.hasPrefix("my.yaml:1: 'trace'") && error.message.contains(key), "\(error)")
        }
    }

    @Test("A rate is given in one form only")
    func exclusive() throws {
        let root = try #require(refusal { try link("rate: 1 Mbit/s\nsteps: { 0 s: 1 Mbit/s }\n") })
        #expect(root.code == .invalidValue)
        #expect(root.message.hasPrefix("my.yaml:2: 'rate' and 'steps'"), "\(root)")
        let inner = try #require(
            refusal { try link("rate: 1 Mbit/s\ndown:\n  trace: a\n  steps: { 0 s: 1 Mbit/s }\n") })
        #expect(inner.message.hasPrefix("my.yaml:4: 'down.trace' and 'down.steps'"), "\(inner)")
    }

    @Test(
        "Steps that are none are refused with file, line, key and what to write",
        arguments: [
            ("{ 1 s: 1 Mbit/s }", "'steps'", "0 seconds"), ("{}", "'steps'", "1 to 1000"),
            ("{ 0 s: 1 Mbit/s, 0 ms: 2 Mbit/s }", "'steps'", "after"),
            ("{ 0 s: 1 Mbit/s, 2 s: 1 Mbit/s, 1 s: 1 Mbit/s }", "'steps'", "after"),
            ("{ 0 s: 0 Mbit/s }", "'steps.0 s'", "a rate"),
            ("{ 0 s: 1 MB/s }", "'steps.0 s'", "a rate"), ("{ 0 s: [1] }", "'steps.0 s'", "a rate"),
            ("{ 0: 1 Mbit/s }", "'steps'", "a time"),
            ("{ -1 s: 1 Mbit/s }", "'steps'", "a time"), ("{ [0]: 1 Mbit/s }", "'steps'", "a time"),
            ("[0 s, 1 Mbit/s]", "'steps'", "keys"),
            ("10 Mbit/s", "'steps'", "keys"), ("{ 0 s: 1000 Gbit/s }", "'steps'", "bit/s"),
        ])
    func badSteps(value: String, key: String, words: String) throws {
        let error = try #require(refusal { try link("# mine\nsteps: \(value)\n") })
        #expect(error.code == .invalidValue)
        #expect(error.message.hasPrefix("my.yaml:2: \(key)"), "\(error)")
        #expect(error.message.contains(words), "\(error)")
    }

    @Test("More steps than a link may have are refused")
    func manySteps() throws {
        let lines = (0...1000).map { "  \($0) s: 1 Mbit/s\n" }.joined()
        #expect(refusal { try link("steps:\n" + lines) }?.message.contains("not 1001") == true)
    }
}
