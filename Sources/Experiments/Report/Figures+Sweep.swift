internal import Foundation

extension Figures {
    private struct Axis {
        let title: String
        let scale: Double
        let words: String
    }

    private static let axes: [String: Axis] = [
        "rate_bps": Axis(title: "rate (Mbit/s)", scale: 1e-6, words: "bandwidth"),
        "round_trip_ms": Axis(title: "round trip (ms)", scale: 1, words: "round trip"),
        "loss": Axis(title: "loss (%)", scale: 100, words: "loss"),
    ]

    /// Times along one of a link's figures; nil unless at least three values of it are there with all else the same.
    func sweep(along name: String) -> Gnuplot.Figure? {
        guard let axis = Self.axes[name] else { return nil }
        let others = Self.axes.keys.filter { $0 != name }.sorted()
        var lines: [(label: String, groups: [Summary.Group])] = []
        for group in summary.groups {
            // Links differ by name along a sweep; what else they differ in tells lines apart.
            let rest = others.filter { other in Set(summary.groups.map { $0.first.number(other) ?? 0 }).count > 1 }
                .map { "\($0) \(Row.csv(group.first[$0]))" }
            let label = ([group.label(seriesKeys)] + rest).joined(separator: ", ")
            if let index = lines.firstIndex(where: { $0.label == label }) {
                lines[index].groups.append(group)
            } else {
                lines.append((label, [group]))
            }
        }
        lines = lines.filter { line in Set(line.groups.map { $0.first.number(name) ?? 0 }).count >= 3 }
        guard !lines.isEmpty else { return nil }
        lines = Array(lines.prefix(Self.seriesLimit))
        let legend = Gnuplot.Legend(lines.map(\.label))
        var script = Gnuplot.preamble
        let panels = [("time_to_roi", "time to ROI (s)"), ("time_to_exact", "time to exact (s)")].filter { measure, _ in
            lines.contains { $0.groups.contains { $0.estimate(measure) != nil } }
        }
        var ranges: [String] = []
        for (panel, measure) in panels.enumerated() {
            let estimates = lines.flatMap { $0.groups.compactMap { $0.estimate(measure.0) } }
            ranges.append(Gnuplot.axis("y", estimates.flatMap { [$0.low, $0.high] }))
            for (index, line) in lines.enumerated() {
                let rows = line.groups.sorted { ($0.first.number(name) ?? 0) < ($1.first.number(name) ?? 0) }.compactMap {
                    group -> [String]? in
                    guard let estimate = group.estimate(measure.0), let x = group.first.number(name) else { return nil }
                    return [x * axis.scale, estimate.median, estimate.low, estimate.high].map(Self.number)
                }
                script += Gnuplot.block("p\(panel)s\(index)", rows)
            }
        }
        let places = lines.flatMap { $0.groups.compactMap { $0.first.number(name).map { $0 * axis.scale } } }
        script +=
            Gnuplot.axis("x", places) + "set xlabel \(Gnuplot.quoted(axis.title))\n"
            + legend.panels(rows: 1, columns: panels.count, panelHeight: 380)
        for (panel, measure) in panels.enumerated() {
            let plots = lines.enumerated().flatMap { index, line in
                [
                    "$p\(panel)s\(index) using 1:2 with lines lw 2 \(Gnuplot.style(index)) notitle",
                    "$p\(panel)s\(index) using 1:2:3:4 with yerrorbars \(Gnuplot.style(index)) pt 7 ps 0.8 title \(Gnuplot.quoted(line.label))",
                ]
            }
            script += panel == 0 ? legend.key : "unset key\n"
            script += "\(ranges[panel])set ylabel \(Gnuplot.quoted(measure.1))\nplot " + plots.joined(separator: ", \\\n  ") + "\n"
        }
        script += "unset multiplot\n"
        return Gnuplot.Figure(
            name: "time-against-\(Self.slug(axis.words))", width: 900, height: legend.height(panelHeight: 380, rows: 1),
            caption: "Time to ROI and to exact against \(axis.words): medians over seeds with their intervals.",
            script: script)
    }
}
