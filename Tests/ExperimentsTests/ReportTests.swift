import Experiments
import Foundation
import Testing

@Suite("Tables, figures and report")
struct ReportTests {
    private static var hasGnuplot: Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot")
        }
    }

    @Test(
        "The report stands alone, says what was asked and what it is not for, and has its figures in it",
        .enabled(if: hasGnuplot, "gnuplot is not installed"))
    func report() async throws {
        let bench = try Bench()
        let gathered = try await bench.run(Bench.small, in: "out").gather()
        let page = try bench.text("out/report.html")
        #expect(page.contains("Previews are not for diagnosis") && page.contains("Which order shows the region first?"))
        #expect(page.contains("fovea experiment experiment.yaml --virtual --out again"))
        let stems = [
            "time-to-roi-by-link", "quality-over-time-thin", "quality-over-time-far", "time-to-roi-distribution", "bytes-by-layer",
        ]
        for stem in stems {
            for ending in ["svg", "png"] {
                #expect(gathered.figures.contains { $0.hasSuffix("/\(stem).\(ending)") }, "\(stem).\(ending)")
                #expect(FileManager.default.fileExists(atPath: "\(bench.path)/out/figures/\(stem).\(ending)"))
            }
            #expect(page.contains("figures/\(stem)"))
        }
        #expect(page.components(separatedBy: "<svg").count - 1 == gathered.figures.count / 2)
        // Nothing is fetched, nothing runs.
        for word in ["<script", "<link", "src=", "@import", "url(http"] { #expect(!page.contains(word), "\(word)") }
        // Names within pictures do not meet.
        let names = page.components(separatedBy: " id=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
        #expect(Set(names).count == names.count)
    }

    @Test("A sweep is drawn against what it sweeps", .enabled(if: hasGnuplot, "gnuplot is not installed"))
    func sweep() async throws {
        let bench = try Bench()
        let text =
            Bench.small.prefix(while: { _ in true }).components(separatedBy: "links:")[0] + """
                sweep:
                  base: \(Bench.profiles)/links/rural-4g.yaml
                  rate: [256 kbit/s, 1 Mbit/s, 4 Mbit/s]
                """
        let gathered = try await bench.run(text, in: "out").gather()
        #expect(gathered.figures.contains { $0.hasSuffix("/time-against-bandwidth.svg") })
        #expect(!gathered.figures.contains { $0.contains("time-to-roi-by-link") })
    }

    @Test("Tables have a line a transfer and a line a group, with every parameter and with intervals")
    func tables() async throws {
        let bench = try Bench()
        let laboratory = try await bench.run(Bench.small, in: "out")
        _ = try laboratory.gather()
        let results = try bench.text("out/results.csv").split(separator: "\n")
        #expect(results.count == 13)
        for column in ["seed", "encoding_digest", "link_digest", "version", "time_to_roi", "bytes_roi_base"] {
            #expect(results[0].split(separator: ",").contains { $0 == column }, "\(column)")
        }
        let summary = try bench.text("out/summary.csv").split(separator: "\n")
        #expect(summary.count == 5)
        let header = summary[0].split(separator: ",", omittingEmptySubsequences: false)
        let place = try #require(header.firstIndex(of: "time_to_roi"))
        for line in summary.dropFirst() {
            let values = line.split(separator: ",", omittingEmptySubsequences: false)
            let (median, low, high) = (Double(values[place]), Double(values[place + 1]), Double(values[place + 2]))
            let ordered = try [#require(low), #require(median), #require(high)]
            #expect(ordered == ordered.sorted())
        }
    }
}
