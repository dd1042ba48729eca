import Faults
import StrictYAML
import Experiments
import NetSim
import Profiles
import ProgressiveCoding
import Testing
import WireFormat

@Suite("Experiments as people write them")
struct GrammarTests {
    private static let start = """
        encodings: \(Bench.profiles)/encoding/fast.yaml
        transports: \(Bench.profiles)/transport/default.yaml

        """
    private static let link = "links: \(Bench.profiles)/links/rural-4g.yaml\n"

    @Test("An experiment of links alone sends the generated head once, region first, to the last bit")
    func defaults() throws {
        let profile = try Bench().profile(Self.start + Self.link)
        #expect(profile.name == "trial" && profile.cellCount == 1)
        #expect(profile.subjects.map(\.source) == [.phantom(seed: 1, columns: 240, rows: 240, slices: 155)])
        #expect(profile.orders == [.roiFirst] && profile.seeds == [1] && profile.goal == .lossless && profile.coding == .reference)
        #expect(profile.links.map(\.name) == ["rural-4g"])
    }

    @Test("A sweep makes every combination of its values over the base link, and leaves the rest as it is")
    func sweep() throws {
        let text =
            Self.start + """
                sweep:
                  base: \(Bench.profiles)/links/rural-4g.yaml
                  rate: [64 kbit/s, 10 Mbit/s]
                  loss: [0 %, 5 %, 10 %]
                seeds: [7, 9]
                """
        let profile = try Bench().profile(text)
        #expect(profile.cellCount == 12 && profile.seeds == [7, 9])
        #expect(Set(profile.links.map(\.name)).count == 6)
        let last = try #require(profile.links.last)
        #expect(last.name == "rural-4g, 10 Mbit/s, loss 10 %")
        #expect(last.value.up.rateBitsPerSecond == 10e6 && last.value.up.lossProbability == 0.1)
        #expect(last.value.up.delay == .milliseconds(40) && last.value.down == last.value.up)
    }

    @Test("A swept rate takes the place of a trace, and of what a direction says for itself")
    func sweptTrace() throws {
        let bench = try Bench()
        try bench.write("1\n2\n3\n", to: "some.trace")
        try bench.write(
            "trace: some.trace\nround_trip: 20 ms\nloss: 0 %\nqueue: 64 KiB\ndown: { rate: 1 Mbit/s, delay: 3 ms }\n",
            to: "base.yaml")
        let profile = try bench.profile(Self.start + "sweep: { base: base.yaml, rate: 2 Mbit/s, round_trip: 50 ms }\n")
        let link = try #require(profile.links.first).value
        #expect(link.up.rate == .constant(bitsPerSecond: 2e6) && link.down.rate == .constant(bitsPerSecond: 2e6))
        #expect(link.up.delay == .milliseconds(25) && link.down.delay == .milliseconds(25))
    }

    @Test("A folder gives its volumes with the masks of the same patients, found beside the profile or in the data folder")
    func folder() throws {
        let bench = try Bench()
        for name in ["a_flair.nii.gz", "a_seg.nii.gz", "b_flair.nii", "c_t1.nii.gz"] {
            try bench.write("", to: "data/scans/\(name)")
        }
        let text = Self.start + Self.link + "volumes: { folder: scans, match: \"*_flair.nii*\", labels: _seg }\n"
        let profile = try bench.profile(text, data: bench.path + "/data")
        let folder = bench.path + "/data/scans/"
        #expect(profile.subjects.map(\.name) == ["a_flair", "b_flair"])
        #expect(profile.subjects[0].source == .file(folder + "a_flair.nii.gz", .mask(folder + "a_seg.nii.gz")))
        #expect(profile.subjects[1].source == .file(folder + "b_flair.nii", .model))
    }

    @Test("Where a folder is not there, what stands in is said; without a stand-in it is refused, with what to do")
    func missingFolder() throws {
        let text = Self.start + Self.link + "volumes: { folder: scans, labels: _seg"
        let profile = try Bench().profile(text + ", otherwise: phantom }\n")
        #expect(profile.subjects.map(\.name) == ["phantom-1"])
        #expect(profile.remarks.count == 1 && profile.remarks[0].contains("--data"))
        let error = try #require(try Bench().refusal(text + " }\n"))
        #expect(error.message.contains("trial.yaml:4: 'volumes.folder'") && error.message.contains("--data"))
    }

    @Test(
        "What will not do is refused in one line with file, line and key",
        arguments: [
            ("orders: [roi-first, lifo]\n", 4, "'orders[1]' is 'lifo'"),
            ("seeds: 0\n", 4, "'seeds'"),
            ("seeds: [1, 1]\n", 4, "'seeds' has a seed twice"),
            ("seeds: many\n", 4, "'seeds' is 'many'"),
            ("until: never\n", 4, "'until' is 'never'"),
            ("coding: guessed\n", 4, "'coding' is 'guessed'"),
            ("margin: -1\n", 4, "'margin' is '-1'"),
            ("bandwidth: 3\n", 4, "unknown key 'bandwidth'"),
            ("volumes: [phantom, phantom]\n", 4, "'volumes[1]' gives a second volume"),
            ("volumes: no-such.nii.gz\n", 4, "'volumes' is 'no-such.nii.gz'"),
            ("volumes:\n  - phantom: { seed: 1, shape: 8x8x8 }\n", 5, "'volumes[0].phantom.shape' is '8x8x8'"),
            ("volumes:\n  - phantom: { seed: -1 }\n", 5, "'volumes[0].phantom.seed' is '-1'"),
            ("volumes:\n  - colour: red\n", 5, "key 'volumes[0].phantom' is missing"),
            ("volumes:\n  - folder: a\n    file: b\n", 5, "exclude each other"),
            ("sweep: { base: x }\n", 4, "exclude each other"),
        ])
    func refusals(text: String, line: Int, words: String) throws {
        let error = try #require(try Bench().refusal(Self.start + Self.link + text))
        #expect(error.message.contains("trial.yaml:\(line): "), "\(error.message)")
        #expect(error.message.contains(words), "\(error.message)")
        #expect(!error.message.contains("\n"))
    }

    @Test(
        "So is what is wrong with a link",
        arguments: [
            ("links: []\n", "'links' is an empty list"),
            ("links: no-such-link\n", "'links' is wrong: no links profile is called 'no-such-link'"),
            ("links:\n  - name: a\n    rate: fast\n", "'links[0].round_trip' is missing"),
            ("links:\n  - rate: 1 Mbit/s\n", "key 'links[0].name' is missing"),
            ("links:\n  - traces: nowhere\n    round_trip: 1 ms\n", "'links[0].traces' finds no traces"),
            ("sweep: { base: \(Bench.profiles)/links/rural-4g.yaml }\n", "key 'sweep.rate' is missing"),
            ("sweep: { base: \(Bench.profiles)/links/rural-4g.yaml, loss: 120 % }\n", "'sweep.loss' is '120 %'"),
            ("sweep: { base: \(Bench.profiles)/links/rural-4g.yaml, rate: [1 Mbit/s, 1 Mbit/s] }\n", "'sweep' has a value twice"),
            ("title: no links at all\n", "key 'links' is missing, or 'sweep'"),
        ])
    func linkRefusals(text: String, words: String) throws {
        let error = try #require(try Bench().refusal(Self.start + text))
        #expect(error.message.contains("trial.yaml:"), "\(error.message)")
        #expect(error.message.contains(words), "\(error.message)")
        #expect(!error.message.contains("\n"))
    }

    @Test("More transfers than an experiment may have are refused before they are counted out")
    func tooMany() throws {
        let text =
            Self.start + """
                sweep:
                  base: \(Bench.profiles)/links/rural-4g.yaml
                  loss: [0 %, 1 %, 2 %, 3 %, 4 %, 5 %, 6 %, 7 %, 8 %, 9 %, 10 %]
                seeds: 10000
                """
        #expect(try Bench().refusal(text)?.message.contains("more than 100000 transfers") == true)
    }

    @Test(
        "Every experiment that comes with the program loads without a folder of data",
        arguments: [
            "roi-first-vs-fifo", "bandwidth-sweep", "latency-sweep", "loss-sweep", "paper-table", "cellular-traces",
        ])
    func shipped(name: String) throws {
        let profile = try ExperimentProfile.load("\(Bench.profiles)/experiments/\(name).yaml")
        #expect(profile.cellCount > 0 && !profile.title.isEmpty && !profile.question.isEmpty)
        #expect(profile.subjects.map(\.name) == ["phantom-1"])
    }
}
