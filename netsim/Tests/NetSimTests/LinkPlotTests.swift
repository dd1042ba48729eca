import Foundation
import NetSim
import Testing

@Suite("Plotting a link's log")
struct LinkPlotTests {
    static let hasGnuplot = NetSimCommand.isInstalled("gnuplot")

    private func log(_ name: String = "a link", rate: LinkRate = .constant(bitsPerSecond: 5e6)) throws -> String {
        let direction = try LinkDirection(rate: rate, delay: .milliseconds(20), lossProbability: 0.05, queueByteCount: 30_000)
        var log = LinkLog(link: try LinkParameters(name: name, up: direction, down: direction), seed: 1)
        for heading in Heading.allCases {
            var model = LinkModel<Int>(direction, heading: heading, seed: 1)
            for number in 0..<3000 {
                let now = Duration.milliseconds(number)
                while model.release(at: now, recordingIn: &log) != nil {}
                let packet = SimulatedPacket(payload: number, byteCount: 400 + number / 4, arrivalTime: now)
                model.accept(packet, at: now, recordingIn: &log)
            }
        }
        return log.text
    }

    @Test(
        "A log becomes a picture, whatever its link is called, and nothing but the picture",
        .enabled(if: hasGnuplot, "gnuplot is not installed"),
        arguments: ["a link", "'; system('touch owned'); '", "\"`id`\" %d {/=40 x}"])
    func picture(name: String) throws {
        let folder = try ScratchFolder()
        let log = try folder.write(log(name), to: "link.log")
        try LinkPlot.draw(log: log, to: folder.file("link.png"))
        try LinkPlot.draw(log: log, to: folder.file("link.svg"))
        #expect(try folder.contents(of: "link.png").starts(with: [0x89, 0x50, 0x4E, 0x47]))
        let svg = String(decoding: try folder.contents(of: "link.svg"), as: UTF8.self)
        #expect(svg.contains("up: throughput") && svg.contains("down: queueing delay"))
        #expect(svg.contains("capacity"))
        #expect(svg.hasSuffix("</svg>\n") || svg.contains("</svg>"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["link.log", "link.png", "link.svg"])
    }

    @Test("Steps and traces are drawn too", .enabled(if: hasGnuplot, "gnuplot is not installed"))
    func rates() throws {
        let folder = try ScratchFolder()
        let steps = LinkRate.steps([.init(from: .zero, bitsPerSecond: 5e6), .init(from: .seconds(1), bitsPerSecond: 1e6)])
        let trace = LinkRate.trace(try LinkTrace(parsing: "1\n3\n", file: "a, delay 5 ms: b]"))
        for rate in [steps, trace] {
            try LinkPlot.draw(log: folder.write(log(rate: rate), to: "link.log"), to: folder.file("link.svg"))
            #expect(String(decoding: try folder.contents(of: "link.svg"), as: UTF8.self).contains("capacity"))
        }
    }

    @Test("Nonsense is refused in one line, with an exit status that says why, and leaves no file")
    func refusals() throws {
        let folder = try ScratchFolder()
        let log = try folder.write(log(), to: "good.log")
        let bad = try folder.write("# netsim link log, version 1\nnonsense\n", to: "bad.log")
        let empty = try folder.write("# netsim link log, version 1\n", to: "empty.log")
        for (arguments, status, message) in [
            ([bad, "--out", folder.file("p.svg")], 65, "bad.log:2: "), ([empty, "--out", folder.file("p.svg")], 65, "no events"),
            ([log, "--out", folder.file("p.gif")], 64, ".svg or .png"),
            ([folder.file("none"), "--out", "p.svg"], 66, "cannot be opened"),
            ([log, "--out", folder.file("no/such/folder/p.svg")], 74, "p.svg"),
        ] {
            let plot = try NetSimCommand(NetSimCommand.start(["plot"] + arguments))
            #expect(plot.status == status, "\(plot.errors)")
            #expect(plot.errors.contains(message) && plot.errors.filter { $0 == "\n" }.count == 1, "\(plot.errors)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["bad.log", "empty.log", "good.log"])
    }

    @Test("Where gnuplot is missing, that is what is said")
    func missingGnuplot() throws {
        let folder = try ScratchFolder()
        let plot = try NetSimCommand(
            NetSimCommand.start(
                ["plot", folder.write(log(), to: "link.log"), "--out", folder.file("p.svg")], environment: ["PATH": folder.path]))
        #expect(plot.status == 69)
        #expect(plot.errors == "netsim: gnuplot is not installed; on Debian: apt install gnuplot-nox\n")
    }
}
