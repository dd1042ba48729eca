import Faults
import LinkProfiles
import StrictYAML
import Foundation
import HEVCCodec
import NetSim
import Profiles
import ProgressiveCoding
import Testing

@Suite("The profiles that come with the program")
struct ShippedProfileTests {
    @Test("There are encoding, transport and link profiles")
    func present() {
        #expect(ShippedProfiles.paths(.encoding).count >= 3)
        #expect(ShippedProfiles.paths(.transport).count >= 7)
        #expect(ShippedProfiles.paths(.links).count >= 6)
    }

    @Test("Every encoding profile loads", arguments: ShippedProfiles.paths(.encoding))
    func encoding(path: String) {
        #expect(throws: Never.self) { try EncodingProfile.load(path) }
    }

    @Test("Every transport profile loads", arguments: ShippedProfiles.paths(.transport))
    func transport(path: String) {
        #expect(throws: Never.self) { try TransportProfile.load(path) }
    }

    @Test(
        "Every link profile loads, and a transport profile of its name fills 0.97 of its rate",
        arguments: ShippedProfiles.paths(.links))
    func links(path: String) throws {
        let link = try LinkProfile.load(path)
        let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        let transport = try TransportProfile.load(ShippedProfiles.path(.transport, name))
        let rate = try #require(transport.bitsPerSecond)
        #expect(abs(rate / link.up.rateBitsPerSecond - TransportProfile.linkShare) < 0.005)
    }

    @Test("Without a profile's name the rate is found out, and parity goes where the link loses")
    func defaultTransport() throws {
        let transport = try TransportProfile.load("default")
        #expect(transport == TransportProfile())
        #expect(transport.bitsPerSecond == nil && transport.parityRatio == nil)
    }

    @Test("The link bad-3g says what its file says")
    func badLink() throws {
        let link = try LinkProfile.load(ShippedProfiles.path(.links, "bad-3g"))
        #expect(link.up == link.down)
        #expect(link.up.rateBitsPerSecond == 384_000)
        #expect(link.up.delay == .milliseconds(100))
        #expect(link.up.lossProbability == 0.03)
        #expect(link.up.queueByteCount == 65_536)
    }

    @Test("The published recipe is 8 bits at CRF 20 and 40 with x265's defaults")
    func paper() throws {
        let paper = try EncodingProfile.load(ShippedProfiles.path(.encoding, "paper"))
        #expect(paper.roi.bitDepth == 8)
        #expect(paper.roi.crf == 20)
        #expect(paper.background.crf == 40)
        #expect(paper.roi.preset == "medium")
        #expect(paper.roi.options.isEmpty)
        #expect(paper.chunkSliceCount == nil)
        #expect(paper.regionShape == .square)
        #expect(paper.holeFill == .zero)
        #expect(paper.backgroundCrop == .full)
    }

    @Test(
        "The default leaves it to the link: the smallest coding up to 500 kbit/s, beyond it and where nobody knows the fast one, with previews where they pay"
    )
    func auto() throws {
        let policy = try EncodingProfile.policy(ShippedProfiles.path(.encoding, "auto"))
        let fast = try EncodingProfile.load("fast")
        #expect(policy.settings(bitsPerSecond: 500e3) == policy.settings(bitsPerSecond: 1e3))
        #expect(
            policy.settings(bitsPerSecond: 500e3).name == "diagnostic" && policy.settings(bitsPerSecond: 500e3).previews == .always)
        for rate in [nil, 501e3, 1e9] as [Double?] {
            #expect(policy.settings(bitsPerSecond: rate) == (try fast.with(previews: .whereTheyPay)))
        }
        #expect(fast.previews == .always)
    }

    @Test("The diagnostic profile is 12 bits, the region of interest finer than the rest")
    func diagnostic() throws {
        let diagnostic = try EncodingProfile.load(ShippedProfiles.path(.encoding, "diagnostic"))
        #expect(diagnostic.roi.bitDepth == 12)
        #expect(diagnostic.background.bitDepth == 12)
        #expect(diagnostic.roi.crf < diagnostic.background.crf)
        #expect(diagnostic.roi.options.contains { $0.name == "ctu" && $0.value == "32" })
    }

    @Test("A profile is found by its name, and a name that is none lists those there are")
    func names() throws {
        for kind in [ProfileFolder.encoding, .transport, .links] {
            let names = kind.names()
            #expect(names == ShippedProfiles.paths(kind).map { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent })
            let error = try #require(refusal { try kind.path("no-such-profile") })
            #expect(error.code == .notFound)
            #expect(error.message.contains("'no-such-profile'"))
            for name in names { #expect(error.message.contains(name)) }
        }
        #expect(try LinkProfile.load("rural-4g").name == "rural-4g")
        #expect(refusal { try TransportProfile.load("no-such-profile") }?.code == .notFound)
    }

    @Test("A path that leads nowhere is refused by itself")
    func missingFile() {
        for path in ["/no/such/profile.yaml", "no-such-profile.yaml", "./no-such-profile"] {
            #expect(refusal { try EncodingProfile.load(path) } == ProfileError(.notFound, "\(path): no such file"))
        }
        #expect(refusal { try EncodingProfile.load("\(ShippedProfiles.folder)/encoding/") }?.code == .unreadable)
    }
}
