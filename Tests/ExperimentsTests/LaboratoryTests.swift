import Faults
import Experiments
import Foundation
import Testing

@Suite("Experiments in virtual time")
struct LaboratoryTests {
    @Test("The same experiment gives the same files, byte for byte, and every transfer ends exact")
    func determinism() async throws {
        let bench = try Bench()
        for folder in ["a", "b"] { _ = try await bench.run(Bench.small, in: folder) }
        let results = try bench.text("a/results.jsonl")
        #expect(try results == bench.text("b/results.jsonl"))
        #expect(results.split(separator: "\n").count == 12)
        #expect(
            results.split(separator: "\n").allSatisfy {
                $0.contains("\"state\":\"complete\"") && !$0.contains("\"time_to_exact\":null")
            })
        let logs = try FileManager.default.contentsOfDirectory(atPath: "\(bench.path)/a/cells").sorted()
        #expect(try logs.count == 12 && logs == FileManager.default.contentsOfDirectory(atPath: "\(bench.path)/b/cells").sorted())
        for log in logs { #expect(try bench.text("a/cells/\(log)") == bench.text("b/cells/\(log)"), "\(log)") }
    }

    @Test(
        "Region first shows the region sooner than slice by slice over every link, and never later by more than a lost datagram costs"
    )
    func order() async throws {
        let bench = try Bench()
        let rows = try await bench.run(Bench.small, in: "out").results()
        func time(_ order: String, _ link: String, _ seed: String, _ measure: String) -> Double? {
            rows.first { $0.text("order") == order && $0.text("link") == link && $0.text("seed") == seed }?.number(measure)
        }
        for (link, roundTrip) in [("thin", 0.08), ("far", 0.6)] {
            for measure in ["time_to_roi", "roi_speed_index"] {
                var ratios: [Double] = []
                for seed in ["1", "2", "3"] {
                    let first = try #require(time("roi-first", link, seed, measure))
                    let fifo = try #require(time("fifo", link, seed, measure))
                    // A datagram that is lost in one order and not in the other comes a round trip later.
                    #expect(first < fifo + roundTrip, "\(link), seed \(seed), \(measure): \(first) and \(fifo)")
                    ratios.append(first / fifo)
                }
                let middle = try #require(Statistics.median(ratios))
                #expect(middle < 0.7, "\(link), \(measure): \(ratios)")
            }
        }
        for row in rows {
            let times = ["time_to_first_datagram", "time_to_roi", "time_to_roi_exact", "time_to_exact", "time_to_receipt"]
                .compactMap { row.number($0) }
            #expect(times.count == 5 && times == times.sorted(), "\(row.json)")
            // A link cannot carry more than its rate, nor a transfer less than its chunks.
            let (goodput, rate) = (try #require(row.number("goodput_bps")), try #require(row.number("rate_bps")))
            #expect(goodput < rate)
            #expect(row.number("overhead").map { $0 > 1 } == true)
        }
    }

    @Test("Where no previews are planned the region and the rest are there once their exact voxels are, not with the manifest")
    func withoutPreviews() async throws {
        let bench = try Bench()
        let encoding = try bench.write(
            "roi: { crf: 20, preset: superfast }\nbackground: { crf: 40, preset: superfast }\nexact: fast\npreviews: never\n",
            to: "never.yaml")
        let rows = try await bench.run(
            Bench.small.replacingOccurrences(of: "\(Bench.profiles)/encoding/fast.yaml", with: encoding), in: "out"
        ).results()
        let row = try #require(rows.first)
        let region = try #require(row.number("time_to_roi"))
        #expect(region > 0.5 * (try #require(row.number("time_to_roi_exact"))))
        #expect(region < (try #require(row.number("time_to_background"))))
    }

    @Test("What is there is not made again: a torn last line is dropped, and its transfer made anew")
    func resume() async throws {
        let bench = try Bench()
        let whole = try await bench.run(Bench.small, in: "out")
        let results = try bench.text("out/results.jsonl")
        let lines = results.split(separator: "\n", omittingEmptySubsequences: false)
        // Seven whole lines and a part of the eighth; the first is marked, so that a transfer made again would show.
        let marked = lines[0].replacingOccurrences(of: "\"message\":null", with: "\"message\":\"kept\"")
        let torn = ([marked] + lines[1..<7].map(String.init) + [String(lines[7].prefix(100))]).joined(separator: "\n")
        try bench.write(torn, to: "out/results.jsonl")
        let (made, failed) = try await whole.run { _ in }
        #expect(made == 5 && failed == 0)
        let mended = try bench.text("out/results.jsonl")
        #expect(mended == results.replacingOccurrences(of: String(lines[0]), with: marked))
        let again = try await whole.run { _ in }
        #expect(again.made == 0 && again.failed == 0)
    }

    @Test("Transfers made a few at a time, in any order, gather to what all at once give")
    func parts() async throws {
        let bench = try Bench()
        let whole = try await bench.run(Bench.small, in: "whole")
        _ = try whole.gather()
        _ = try await bench.run(Bench.small, in: "parts", cells: Array(5..<12))
        let first = try await bench.run(Bench.small, in: "parts", cells: Array(0..<5))
        #expect(throws: Never.self) { try first.results() }
        _ = try first.gather()
        for file in ["results.csv", "summary.csv", "report.html"] {
            #expect(try bench.text("whole/\(file)") == bench.text("parts/\(file)"), "\(file)")
        }
    }

    @Test("Results that are missing are told, and so is a cell that is none")
    func missing() async throws {
        let bench = try Bench()
        let some = try await bench.run(Bench.small, in: "out", cells: [2])
        let error = #expect(throws: ExperimentError.self) { try some.gather() }
        #expect(error?.code == .invalidResults && error?.message.contains("11 of 12") == true)
        var options = Laboratory.Options(folder: bench.path, mode: .virtual)
        options.cells = [12]
        let wrong = #expect(throws: ExperimentError.self) { try Laboratory(try bench.profile(Bench.small), options) }
        #expect(wrong?.message.contains("cell 12") == true)
    }

    @Test("An experiment that changes makes anew only what the change touches")
    func change() async throws {
        let bench = try Bench()
        _ = try await bench.run(Bench.small, in: "out")
        let more = Bench.small.replacingOccurrences(of: "seeds: 3", with: "seeds: 4")
        let laboratory = try Laboratory(
            try bench.profile(more), Laboratory.Options(folder: "\(bench.path)/out", mode: .virtual))
        let made = try await laboratory.run { _ in }.made
        #expect(made == 4)
        #expect(try laboratory.results().map { $0.text("seed") }.filter { $0 == "4" }.count == 4)
    }
}
