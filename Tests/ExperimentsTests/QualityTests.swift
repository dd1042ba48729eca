import Experiments
import Testing

@Suite("Quality against time")
struct QualityTests {
    /// The lines of a transfer's log that carry a quality.
    private func curve(_ bench: Bench, _ row: Row) throws -> [[Double]] {
        try bench.text("out/cells/\(row.text("key")).csv").split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == 9, let roi = Double(fields[5]), let seconds = Double(fields[0]) else { return nil }
            return [seconds, roi, Double(fields[6]) ?? .nan, Double(fields[7]) ?? .nan, Double(fields[8]) ?? .nan]
        }
    }

    @Test("PSNR of region and background never falls, and ends without an error; SSIM ends at 1")
    func monotonic() async throws {
        let bench = try Bench()
        let rows = try await bench.run(Bench.small, in: "out").results()
        for row in rows {
            let points = try curve(bench, row)
            #expect(points.count > 5)
            for (before, after) in zip(points, points.dropFirst()) {
                #expect(after[0] >= before[0] && after[1] >= before[1] && after[3] >= before[3] - 0.001, "\(row.json)")
            }
            let last = try #require(points.last)
            #expect(last[1] == .infinity && last[3] == .infinity && last[2] == 1 && last[4] == 1)
            // An empty volume is far off, but not infinitely.
            #expect(points[0][1] > 0 && points[0][1] < 20)
        }
    }

    @Test("The region is at its base quality when its time says so, and exact when that says so")
    func milestones() async throws {
        let bench = try Bench()
        let rows = try await bench.run(Bench.small, in: "out").results()
        for row in rows where row.text("order") == "roi-first" {
            let points = try curve(bench, row)
            let shown = try #require(row.number("time_to_roi"))
            let exact = try #require(row.number("time_to_roi_exact"))
            let base = try #require(row.number("roi_psnr_db"))
            #expect(points.last { $0[0] < shown }.map { $0[1] < base } == true)
            #expect(points.last { $0[0] <= shown }.map { $0[1] >= base } == true)
            #expect(points.first { $0[1] == .infinity }?[0] == exact)
        }
    }
}
