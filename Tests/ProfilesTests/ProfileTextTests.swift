import Faults
import LinkProfiles
import StrictYAML
import HEVCCodec
import NetSim
import Profiles
import ProgressiveCoding
import Testing

@Suite("Profiles as people write them")
struct ProfileTextTests {
    private static let link = "rate: 2 Mbit/s\nround_trip: 80 ms\nloss: 1 %\nqueue: 128 KiB\n"
    private static let encoding = "roi: { crf: 20, preset: fast }\nbackground: { crf: 40, preset: fast }\n"

    private func link(_ text: String) throws -> LinkParameters { try LinkProfile.parse(text, file: "my.yaml") }
    private func transport(_ text: String) throws -> TransportProfile { try TransportProfile.parse(text, file: "my.yaml") }

    @Test("Each direction of a link has half its round trip")
    func roundTrip() throws {
        let link = try link(Self.link)
        #expect(link.up.delay == .milliseconds(40))
        #expect(link.down.delay == .milliseconds(40))
        #expect(link.up.rateBitsPerSecond == 2e6)
        #expect(link.up.lossProbability == 0.01)
        #expect(link.up.queueByteCount == 131_072)
    }

    @Test("A direction's own keys come before the link's, which stand for the rest")
    func directions() throws {
        let link = try link(Self.link + "down: { rate: 10 Mbit/s, delay: 7 ms }\nup:\n  loss: 0.05\n  queue: 20 kB\n")
        #expect(link.down.rateBitsPerSecond == 10e6)
        #expect(link.down.delay == .milliseconds(7))
        #expect(link.down.lossProbability == 0.01)
        #expect(link.down.queueByteCount == 131_072)
        #expect(link.up.rateBitsPerSecond == 2e6)
        #expect(link.up.delay == .milliseconds(40))
        #expect(link.up.lossProbability == 0.05)
        #expect(link.up.queueByteCount == 20_000)
    }

    @Test("Units are read as they are written")
    func units() throws {
        for (text, rate) in [("500 bit/s", 500.0), ("384 kbit/s", 384e3), ("1.5Mbit/s", 1.5e6), ("1 Gbit/s", 1e9)] {
            #expect(try transport("rate: \(text)").bitsPerSecond == rate)
        }
        for (text, time) in [("500 us", Duration.microseconds(500)), ("80 ms", .milliseconds(80)), ("1.5 s", .milliseconds(1500))] {
            #expect(try transport("rate: 1 Mbit/s\nstalled_after: \(text)").stalledAfter == time)
        }
    }

    @Test("A transport profile of a rate alone has the defaults")
    func transportDefaults() throws {
        #expect(try transport("rate: 1 Mbit/s\n") == TransportProfile(bitsPerSecond: 1e6))
        let own = try transport("rate: 1 Mbit/s\nsilence_limit: 5 s\nconnect_patience: 3 s\n")
        #expect(own.idleTimeout == .seconds(5))
        #expect(own.connectTimeout == .seconds(3))
        #expect(own.stalledAfter == TransportProfile(bitsPerSecond: 1).stalledAfter)
    }

    @Test("A rate may be found out, below a ceiling, and parity be always, never or where it is needed")
    func automatic() throws {
        let own = try transport("rate: auto\nceiling: 5 Mbit/s\nfec: 12 %\nresume_patience: 60 s\n")
        #expect(own.bitsPerSecond == nil && own.ceiling == 5e6 && own.parityRatio == 0.12)
        #expect(own.resumeTimeout == .seconds(60))
        #expect(try transport("rate: auto\nfec: off\n").parityRatio == 0)
        #expect(try transport("rate: auto\nfec: auto\n").parityRatio == nil)
        for text in ["rate: fast\n", "rate: auto\nceiling: auto\n", "rate: auto\nfec: 300 %\n", "rate: auto\nfec: 0\n"] {
            #expect(refusal { try transport(text) }?.code == .invalidValue, "\(text)")
        }
    }

    @Test("Datagrams may be shorter than Ethernet's, within what SRT and every path take")
    func datagramBytes() throws {
        #expect(try transport("rate: auto\n").datagramByteCount == nil)
        for count in [576, 1200, 1456] {
            #expect(try transport("rate: auto\ndatagram_bytes: \(count)\n").datagramByteCount == count)
        }
        for text in ["575", "1457", "0", "-1", "many", "1200.5", "1 kB"] {
            let error = try #require(refusal { try transport("rate: auto\ndatagram_bytes: \(text)\n") }, "\(text)")
            #expect(error.code == .invalidValue && error.message.hasPrefix("my.yaml:2: ") && error.message.contains("576 to 1456"))
        }
    }

    @Test("An unknown key is refused with file, line and the keys there are")
    func unknownKey() throws {
        let root = try #require(refusal { try link(Self.link + "colour: 3 ms\n") })
        #expect(root.code == .unknownKey)
        #expect(root.message.hasPrefix("my.yaml:5: "))
        #expect(root.message.contains("'colour'"))
        #expect(root.message.contains("round_trip"))
        let inner = try #require(refusal { try link(Self.link + "up:\n  loss: 0\n  colour: 3 ms\n") })
        #expect(inner.code == .unknownKey)
        #expect(inner.message.hasPrefix("my.yaml:7: "))
        #expect(inner.message.contains("'up.colour'"))
        let layer = try #require(refusal { try EncodingProfile.parse("# mine\n\n" + Self.encoding + "crf: 3\n", file: "my.yaml") })
        #expect(layer.message.hasPrefix("my.yaml:5: unknown key 'crf'"))
    }

    @Test("A missing key is refused by its full name", arguments: ["rate", "round_trip", "loss", "queue"])
    func missingKey(key: String) throws {
        let text = Self.link.split(separator: "\n").filter { !$0.hasPrefix(key) }.joined(separator: "\n")
        let error = try #require(refusal { try link(text) })
        #expect(error.code == .missingKey)
        #expect(error.message.hasPrefix("my.yaml:1: ") && error.message.contains("'\(key)'"))
    }

    @Test("Missing parts of an encoding profile are refused by their full names")
    func missingLayer() throws {
        let noPreset = try #require(
            refusal { try EncodingProfile.parse("roi: { crf: 20 }\nbackground: { crf: 40, preset: fast }", file: "my.yaml") })
        #expect(noPreset.code == .missingKey)
        #expect(noPreset.message.contains("'roi.preset'"))
        #expect(
            refusal { try EncodingProfile.parse("roi: { crf: 20, preset: fast }", file: "my.yaml") }?.message.contains(
                "'background'") == true)
    }

    @Test("A key given twice is refused")
    func duplicateKey() throws {
        let error = try #require(refusal { try link(Self.link + "rate: 3 Mbit/s\n") })
        #expect(error.code == .notYAML)
        #expect(error.message.hasPrefix("my.yaml: "))
        #expect(error.message.contains("rate"))
    }

    @Test(
        "Values out of range and of wrong units are refused with file, line, key and what to write",
        arguments: [
            ("rate: 2 Mbit/s", "rate: 2 MB/s"), ("rate: 2 Mbit/s", "rate: -2 Mbit/s"), ("rate: 2 Mbit/s", "rate: 0 Mbit/s"),
            ("rate: 2 Mbit/s", "rate: 2"), ("rate: 2 Mbit/s", "rate: fast"), ("rate: 2 Mbit/s", "rate: nan Mbit/s"),
            ("round_trip: 80 ms", "round_trip: 80"), ("round_trip: 80 ms", "round_trip: -1 ms"),
            ("round_trip: 80 ms", "round_trip: 80 min"),
            ("loss: 1 %", "loss: 1.2"), ("loss: 1 %", "loss: 101 %"), ("loss: 1 %", "loss: -1 %"), ("loss: 1 %", "loss: few"),
            ("queue: 128 KiB", "queue: 128"), ("queue: 128 KiB", "queue: -1 KiB"), ("queue: 128 KiB", "queue: [1, 2]"),
        ])
    func badValue(line: String, spoiled: String) throws {
        let lines = Self.link.split(separator: "\n").map { $0 == line ? spoiled : String($0) }
        let number = try #require(lines.firstIndex(of: spoiled)) + 1
        let error = try #require(refusal { try link(lines.joined(separator: "\n")) })
        #expect(error.code == .invalidValue)
        #expect(error.message.hasPrefix("my.yaml:\(number): '\(spoiled.prefix { $0 != ":" })'"), "\(error)")
    }

    @Test("What a link cannot be is refused with its file")
    func linkLimits() throws {
        let tiny = try #require(refusal { try link("rate: 2 Mbit/s\nround_trip: 80 ms\nloss: 1 %\nqueue: 10 B\n") })
        #expect(tiny.code == .invalidValue)
        #expect(tiny.message.hasPrefix("my.yaml:") && tiny.message.contains("1500"))
        #expect(refusal { try link("rate: 2 Mbit/s\nround_trip: 500 s\nloss: 1 %\nqueue: 10 kB\n") }?.code == .invalidValue)
    }

    @Test(
        "An encoding profile's values out of range are refused with its file",
        arguments: [
            "bit_depth: 9", "bit_depth: twelve", "chunk_slices: 0", "chunk_slices: some", "chunk_slices: 2000",
            "region_shape: round",
            "hole_fill: none", "background_crop: half",
        ])
    func badEncoding(line: String) throws {
        let error = try #require(refusal { try EncodingProfile.parse(Self.encoding + line + "\n", file: "my.yaml") })
        #expect(error.code == .invalidValue)
        #expect(error.message.hasPrefix("my.yaml:"))
    }

    @Test("A layer's rate factor and x265 options are checked")
    func layers() throws {
        func error(_ roi: String) -> ProfileError? {
            refusal { try EncodingProfile.parse("roi: { \(roi) }\nbackground: { crf: 40, preset: fast }\n", file: "my.yaml") }
        }
        #expect(error("crf: 20.5, preset: fast, x265: { rd: 3 }") == nil)
        #expect(error("crf: 52, preset: fast")?.code == .invalidValue)
        #expect(error("crf: -1, preset: fast")?.code == .invalidValue)
        #expect(error("crf: high, preset: fast")?.code == .invalidValue)
        let reserved = try #require(error("crf: 20, preset: fast, x265: { rd: 3, keyint: 5 }"))
        #expect(reserved.code == .invalidValue)
        #expect(reserved.message.hasPrefix("my.yaml:1: roi: "))
        #expect(reserved.message.contains("'keyint'"))
        #expect(error("crf: 20, preset: fast, x265: { rd: [1, 2] }")?.code == .invalidValue)
        #expect(error("crf: 20, preset: fast, x265: rd")?.message.contains("must hold keys of its own") == true)
    }

    @Test("x265 options keep the file's order, in which they are applied")
    func optionOrder() throws {
        let text =
            "roi:\n  crf: 20\n  preset: slow\n  x265: { rskip: 0, psy-rd: 1, ctu: 32, b-adapt: 1 }\nbackground: { crf: 40, preset: fast }\n"
        let options = try EncodingProfile.parse(text, file: "my.yaml").roi.options
        #expect(options.map(\.name) == ["rskip", "psy-rd", "ctu", "b-adapt"])
        #expect(options.map(\.value) == ["0", "1", "32", "1"])
    }

    @Test("Choices left out of an encoding profile are the defaults")
    func encodingDefaults() throws {
        let settings = try EncodingProfile.parse(Self.encoding, file: "my.yaml")
        #expect(settings.roi.bitDepth == 12)
        #expect(settings.chunkSliceCount == 32)
        #expect(settings.regionShape == .box)
        #expect(settings.holeFill == .harmonic)
        #expect(settings.backgroundCrop == .content)
        #expect(try EncodingProfile.parse(Self.encoding + "chunk_slices: whole\n", file: "my.yaml").chunkSliceCount == nil)
    }

    @Test(
        "What a profile promises of the region is what is promised, and nothing where it promises nothing", arguments: [nil, 0, 7])
    func promisedError(_ maxError: Int?) throws {
        let promise = maxError.map { "  max_error: \($0)\n" } ?? ""
        let text = "roi:\n  crf: 12\n  preset: fast\n\(promise)background:\n  crf: 30\n  preset: fast\n"
        let settings = try EncodingProfile.parse(text, file: "my.yaml")
        #expect(settings.roiMaxError == maxError)
        #expect(settings.roi.crf == 12 && settings.background.crf == 30)
    }

    @Test(
        "What is no YAML, or no mapping, is refused as such",
        arguments: ["", "rate", "- a\n- b\n", "rate: [1\n", "a: b: c\n", "\tx: 1\n", "a: *nothing\n"])
    func notYAML(text: String) throws {
        let error = try #require(refusal { try link(text) })
        #expect(error.code == .notYAML)
        #expect(error.message.hasPrefix("my.yaml: "))
        #expect(!error.message.contains("\n"))
    }
}
