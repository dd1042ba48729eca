import Faults
import StrictYAML
import LinkProfiles
import NetSim
import Profiles
import Testing

@Suite("Link profiles with impairments")
struct LinkImpairmentTests {
    private static let plain = "rate: 2 Mbit/s\nround_trip: 80 ms\nloss: 1 %\nqueue: 128 KiB\n"

    private func link(_ text: String) throws -> LinkParameters { try LinkProfile.parse(text, file: "my.yaml") }

    /// A link with one of its lines put in another's place, or added.
    private func link(with line: String) throws -> LinkParameters {
        let key = line.prefix { $0 != ":" } + ":"
        let others = Self.plain.split(separator: "\n").filter { !$0.hasPrefix(key) }
        return try link(others.joined(separator: "\n") + "\n" + line + "\n")
    }

    @Test("A profile without impairments has none")
    func plain() throws {
        let up = try link(Self.plain).up
        #expect(up.impairments == LinkImpairments(loss: .independent(0.01)))
        #expect(up.queue == QueueParameters(.dropTail, limit: .bytes(131_072)))
    }

    @Test("Losses are read in every model, with what may be left out")
    func losses() throws {
        func loss(_ text: String) throws -> LossModel { try link(with: "loss: " + text).down.impairments.loss }
        #expect(try loss("{ model: independent, probability: 2 % }") == .independent(0.02))
        #expect(
            try loss("{ model: gilbert-elliott, p: 1 %, r: 0.25, good: 0.1 %, bad: 90 % }")
                == .gilbertElliott(GilbertElliott(p: 0.01, r: 0.25, lossInGood: 0.001, lossInBad: 0.9)))
        #expect(try loss("{ model: gilbert-elliott, p: 1 %, r: 25 % }") == .gilbertElliott(GilbertElliott(p: 0.01, r: 0.25)))
        #expect(
            try loss("{ model: four-state, p13: 1 %, p31: 30 %, p32: 20 %, p23: 50 %, p14: 0.5 % }")
                == .fourState(FourStateMarkov(p13: 0.01, p31: 0.3, p32: 0.2, p23: 0.5, p14: 0.005)))
        #expect(
            try loss("{ model: four-state, p13: 1 %, p31: 30 % }") == .fourState(FourStateMarkov(p13: 0.01, p31: 0.3)))
    }

    @Test("Jitter is read in every distribution, and keeps the order unless it is told otherwise")
    func jitter() throws {
        func jitter(_ text: String) throws -> Jitter? { try link(with: "jitter: " + text).up.impairments.jitter }
        #expect(
            try jitter("{ distribution: uniform, maximum: 8 ms }")
                == Jitter(.uniform(minimum: .zero, maximum: .milliseconds(8))))
        #expect(
            try jitter("{ distribution: uniform, minimum: 1 ms, maximum: 8 ms, reorder: true }")
                == Jitter(.uniform(minimum: .milliseconds(1), maximum: .milliseconds(8)), reorders: true))
        #expect(
            try jitter("{ distribution: normal, mean: 8 ms, deviation: 2.5 ms, reorder: false }")
                == Jitter(.normal(mean: .milliseconds(8), deviation: .microseconds(2500))))
        #expect(
            try jitter("{ distribution: pareto, minimum: 1 ms, shape: 2.5 }")
                == Jitter(.pareto(minimum: .milliseconds(1), shape: 2.5, maximum: Jitter.maximumDelay)))
        #expect(try jitter("none") == nil)
    }

    @Test("Outage, damage and copies are read")
    func others() throws {
        #expect(
            try link(with: "outage: { every: 60 s, for: 5 s, phase: 10 s }").up.impairments.outage
                == PeriodicOutage(every: .seconds(60), for: .seconds(5), phase: .seconds(10)))
        #expect(
            try link(with: "outage: { every: 60 s, for: 5 s }").up.impairments.outage
                == PeriodicOutage(every: .seconds(60), for: .seconds(5)))
        #expect(try link(with: "corrupt: 0.1 %").up.impairments.corruptionProbability == 0.001)
        #expect(try link(with: "duplicate: 0.5 %").down.impairments.duplicationProbability == 0.005)
    }

    @Test("Queues are read in every discipline, limited in bytes or packets")
    func queues() throws {
        func queue(_ text: String) throws -> QueueParameters { try link(with: "queue: " + text).up.queue }
        #expect(try queue("100 packets") == QueueParameters(limit: .packets(100)))
        #expect(try queue("{ limit: 64 KiB }") == QueueParameters(limit: .bytes(65_536)))
        #expect(try queue("{ discipline: drop-tail, limit: 1 packet }") == QueueParameters(limit: .packets(1)))
        #expect(try queue("{ discipline: drop-head, limit: 9 packets }") == QueueParameters(.dropHead, limit: .packets(9)))
        #expect(
            try queue("{ discipline: codel, limit: 100 packets, target: 7 ms, interval: 90 ms }")
                == QueueParameters(.coDel(target: .milliseconds(7), interval: .milliseconds(90)), limit: .packets(100)))
        #expect(try queue("{ discipline: codel, limit: 64 KiB }") == QueueParameters(.coDel(), limit: .bytes(65_536)))
        #expect(
            try queue("{ discipline: pie, limit: 64 KiB, target: 20 ms, update: 30 ms }")
                == QueueParameters(.pie(target: .milliseconds(20), updateInterval: .milliseconds(30)), limit: .bytes(65_536)))
        #expect(try queue("{ discipline: pie, limit: 64 KiB }") == QueueParameters(.pie(), limit: .bytes(65_536)))
    }

    @Test("Each direction may have all of its own, and `none` of what the link has")
    func directions() throws {
        let link = try link(
            Self.plain + """
                jitter: { distribution: uniform, maximum: 8 ms }
                outage: { every: 60 s, for: 5 s }
                corrupt: 1 %
                up:
                  jitter: none
                  outage: none
                  corrupt: 0
                  duplicate: 2 %
                  loss: { model: gilbert-elliott, p: 1 %, r: 25 % }
                  queue: { discipline: codel, limit: 100 packets }

                """)
        #expect(
            link.up.impairments
                == LinkImpairments(loss: .gilbertElliott(GilbertElliott(p: 0.01, r: 0.25)), duplicationProbability: 0.02))
        #expect(link.up.queue == QueueParameters(.coDel(), limit: .packets(100)))
        #expect(link.down.impairments.jitter != nil && link.down.impairments.outage != nil)
        #expect(link.down.impairments.corruptionProbability == 0.01 && link.down.impairments.duplicationProbability == 0)
        #expect(link.down.lossProbability == 0.01 && link.down.queueByteCount == 131_072)
    }

    @Test(
        "What is wrong is said in one line with file, line and key, in the link and in each direction",
        arguments: [
            ("loss: 1.2", "loss", "a share"), ("loss: 120 %", "loss", "a share"), ("loss: [1 %]", "loss", "one value"),
            ("loss: {}", "loss.model", "missing"), ("loss: { model: burst }", "loss.model", "gilbert-elliott"),
            ("loss: { model: independent, p: 1 % }", "loss.p", "unknown"),
            ("loss: { model: independent }", "loss.probability", "missing"),
            ("loss: { model: gilbert-elliott, p: 1 % }", "loss.r", "missing"),
            ("loss: { model: gilbert-elliott, p: 101 %, r: 1 % }", "loss.p", "a share"),
            ("loss: { model: gilbert-elliott, p: 1 %, r: 1 %, bad: 1.2 }", "loss.bad", "a share"),
            ("loss: { model: gilbert-elliott, p: 1 %, r: 1 %, ugly: 1 % }", "loss.ugly", "unknown"),
            ("loss: { model: four-state, p13: 60 %, p14: 50 %, p31: 1 % }", "loss", "p13 and p14"),
            ("loss: { model: four-state, p13: 1 %, p31: 60 %, p32: 50 % }", "loss", "p31 and p32"),
            ("loss: { model: four-state, p13: -1 %, p31: 60 % }", "loss.p13", "a share"),
            ("jitter: 3 ms", "jitter", "keys"), ("jitter: { maximum: 3 ms }", "jitter.distribution", "missing"),
            ("jitter: { distribution: gamma }", "jitter.distribution", "pareto"),
            ("jitter: { distribution: uniform }", "jitter.maximum", "missing"),
            ("jitter: { distribution: uniform, maximum: 3 }", "jitter.maximum", "a time"),
            ("jitter: { distribution: uniform, minimum: 4 ms, maximum: 3 ms }", "jitter", "lesser"),
            ("jitter: { distribution: uniform, maximum: 3 ms, mean: 1 ms }", "jitter.mean", "unknown"),
            ("jitter: { distribution: uniform, maximum: 61 s }", "jitter", "60"),
            ("jitter: { distribution: normal, mean: 1 ms, deviation: 2 ms }", "jitter", "deviation"),
            ("jitter: { distribution: normal, mean: -1 ms, deviation: 2 ms }", "jitter.mean", "a time"),
            ("jitter: { distribution: pareto, minimum: 1 ms, shape: fat }", "jitter.shape", "a number"),
            ("jitter: { distribution: pareto, minimum: 1 ms, shape: 0 }", "jitter", "shape"),
            ("jitter: { distribution: uniform, maximum: 3 ms, reorder: maybe }", "jitter.reorder", "true or false"),
            ("outage: 5 s", "outage", "keys"), ("outage: { every: 60 s }", "outage.for", "missing"),
            ("outage: { for: 60 s }", "outage.every", "missing"), ("outage: { every: 5 s, for: 6 s }", "outage", "period"),
            ("outage: { every: 0 s, for: 0 s }", "outage", "above 0"),
            ("outage: { every: 5 s, for: 1 s, until: 9 s }", "outage.until", "unknown"),
            ("outage: { every: 5 min, for: 1 s }", "outage.every", "a time"),
            ("corrupt: 120 %", "corrupt", "a share"), ("corrupt: { p: 1 % }", "corrupt", "one value"),
            ("duplicate: 1.2", "duplicate", "a share"), ("duplicate: -1 %", "duplicate", "a share"),
            ("queue: 0 packets", "queue", "packets"), ("queue: 1.5 packets", "queue", "packets"),
            ("queue: -1 packets", "queue", "packets"), ("queue: 10 B", "queue", "1500"),
            ("queue: { discipline: red, limit: 9 packets }", "queue.discipline", "codel"),
            ("queue: { discipline: codel }", "queue.limit", "missing"),
            ("queue: { limit: 0 packets }", "queue.limit", "packets"), ("queue: { limit: 10 B }", "queue.limit", "1500"),
            ("queue: { limit: 9 packets, target: 5 ms }", "queue.target", "unknown"),
            ("queue: { discipline: codel, limit: 9 packets, update: 5 ms }", "queue.update", "unknown"),
            ("queue: { discipline: codel, limit: 9 packets, target: 0 ms }", "queue", "target"),
            ("queue: { discipline: pie, limit: 9 packets, update: 70 s }", "queue", "update"),
            ("rate: -2 Mbit/s", "rate", "a rate"), ("trace: /no/such/file", "trace", "/no/such/file"),
        ])
    func refused(line: String, key: String, words: String) throws {
        let isRate = line.hasPrefix("rate") || line.hasPrefix("trace")
        let base = "round_trip: 80 ms\n" + (isRate ? "" : "rate: 2 Mbit/s\n")
        let others = (line.hasPrefix("loss") ? "" : "loss: 1 %\n") + (line.hasPrefix("queue") ? "" : "queue: 64 KiB\n")
        let cases = [
            (base + others + line + "\n", (base + others).split(separator: "\n").count + 1, key),
            (base + "rate: 1 Mbit/s\nloss: 1 %\nqueue: 64 KiB\nup:\n  delay: 1 ms\n  \(line)\n", 0, "up." + key),
            (base + "rate: 1 Mbit/s\nloss: 1 %\nqueue: 64 KiB\ndown:\n  delay: 1 ms\n  \(line)\n", 0, "down." + key),
        ]
        for (text, number, key) in cases {
            // The rate of both is in the base where the line is none.
            let text = isRate || number > 0 ? text : text.replacing("rate: 1 Mbit/s\n", with: "")
            let number = number > 0 ? number : text.split(separator: "\n").count
            let error = try #require(refusal { try link(text) }, "\(text)")
            #expect(error.message.hasPrefix("my.yaml:\(number): "), "\(error)")
            #expect(error.message.contains("'\(key)'") && error.message.contains(words), "\(error)")
            #expect(!error.message.contains("\n"))
        }
    }

    @Test("Times that a link cannot have are refused by their keys", arguments: ["round_trip: 121 s", "up: { delay: 61 s }"])
    func delays(line: String) throws {
        let error = try #require(refusal { try link(with: line) })
        let key = line.hasPrefix("up") ? "up.delay" : "round_trip"
        #expect(error.code == .invalidValue)
        #expect(error.message.hasPrefix("my.yaml:\(line.hasPrefix("up") ? 5 : 4): '\(key)': "), "\(error)")
    }

    @Test("An error is one line of bearable length whatever a key or value holds")
    func oneLine() throws {
        for line in ["\"two\\nlines\": 1", "corrupt: \"1\\n2\"", "loss: { \"a\\r\\nb\": 1, model: independent }"] {
            let error = try #require(refusal { try link(with: line) })
            #expect(!error.message.contains { $0.isNewline }, "\(error)")
        }
        let error = try #require(refusal { try link(with: "corrupt: " + String(repeating: "x", count: 100_000)) })
        #expect(error.message.count < 1000)
    }
}
