internal import Foundation
internal import WireFormat

/// Which figures an experiment's results make.
struct Figures {
    let summary: Summary
    /// The quality curve of a transfer, by its key.
    let curve: (String) -> [TransferLog.Point]

    /// The most links whose curves are drawn, and the most series in a figure.
    private static let panelLimit = 6
    static let seriesLimit = 12

    func all() -> [Gnuplot.Figure] {
        let sweeps = ["rate_bps", "round_trip_ms", "loss"].compactMap { sweep(along: $0) }
        return sweeps + (sweeps.isEmpty ? [byLink()].compactMap { $0 } : []) + curves()
            + [distribution(), layers()].compactMap { $0 }
    }

    /// The keys that tell series apart within one link.
    var seriesKeys: [String] {
        let keys = summary.varying.filter { $0 != "link" }
        return keys.isEmpty ? ["order"] : keys
    }

    var links: [String] {
        var seen: [String] = []
        for group in summary.groups where !seen.contains(group.first.text("link")) { seen.append(group.first.text("link")) }
        return seen
    }

    func groups(over link: String) -> [Summary.Group] {
        Array(summary.groups.filter { $0.first.text("link") == link }.prefix(Self.seriesLimit))
    }

    /// A file's name from a link's.
    static func slug(_ text: String) -> String {
        let cleaned = text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-" }
        return String(cleaned).split(separator: "-").joined(separator: "-")
    }

    static func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "NaN" }

    /// Times of each link side by side, where no single key is swept.
    private func byLink() -> Gnuplot.Figure? {
        guard links.count > 1 else { return nil }
        let series = series()
        var script = Gnuplot.preamble
        var values: [Double] = []
        for (index, label) in series.enumerated() {
            let rows = links.enumerated().compactMap { place, link -> [String]? in
                guard let group = groups(over: link).first(where: { $0.label(seriesKeys) == label }),
                    let estimate = group.estimate("time_to_roi")
                else { return nil }
                values += [estimate.low, estimate.high]
                let offset = series.count > 1 ? (Double(index) / Double(series.count - 1) - 0.5) * 0.4 : 0
                return [Double(place) + offset, estimate.median, estimate.low, estimate.high].map(Self.number)
            }
            script += Gnuplot.block("s\(index)", rows)
        }
        let tics = links.enumerated().map { "\(Gnuplot.quoted($1)) \($0)" }.joined(separator: ", ")
        script += """
            \(Gnuplot.axis("y", values))
            set ylabel "time to ROI (s)"
            set xrange [-0.5:\(Double(links.count) - 0.5)]
            set xtics (\(tics)) rotate by -20

            """
        let plots = series.enumerated().map { index, label in
            "$s\(index) using 1:2:3:4 with yerrorbars \(Gnuplot.style(index)) lw 2 pt 7 ps 1 title \(Gnuplot.quoted(label))"
        }
        script += "plot " + plots.joined(separator: ", \\\n  ") + "\n"
        return Gnuplot.Figure(
            name: "time-to-roi-by-link", width: 780, height: 460,
            caption: "Time to ROI over each link: medians over seeds with their intervals.", script: script)
    }

    /// Returns the labels of the series, in the experiment's order.
    func series() -> [String] {
        var labels: [String] = []
        for group in summary.groups where !labels.contains(group.label(seriesKeys)) { labels.append(group.label(seriesKeys)) }
        return Array(labels.prefix(Self.seriesLimit))
    }

    /// Region and background over time, a figure a link.
    private func curves() -> [Gnuplot.Figure] {
        let all = links
        // Of a long sweep the ends and what lies evenly between.
        let count = min(Self.panelLimit, all.count)
        let chosen = count < 2 ? all : (0..<count).map { all[$0 * (all.count - 1) / (count - 1)] }
        return chosen.compactMap { link in
            let series = groups(over: link).compactMap { group -> (label: String, points: [TransferLog.Point])? in
                guard let first = group.completed.first else { return nil }
                let points = curve(first.text("key"))
                return points.count > 1 ? (group.label(seriesKeys), points) : nil
            }
            return series.isEmpty ? nil : CurveFigure(link: link, series: series).figure()
        }
    }

    /// The distribution of time to ROI over seeds, where there is more than one value.
    private func distribution() -> Gnuplot.Figure? {
        let chosen = links.filter { link in
            groups(over: link).contains { Set($0.completed.compactMap { $0.number("time_to_roi") }).count > 2 }
        }.prefix(4)
        guard !chosen.isEmpty else { return nil }
        let rows = (chosen.count + 1) / 2
        let legend = Gnuplot.Legend(chosen.first.map { groups(over: $0).map { $0.label(seriesKeys) } } ?? [])
        var script = Gnuplot.preamble + "set yrange [0:1]\nset ylabel \"share of transfers\"\nset xlabel \"time to ROI (s)\"\n"
        var plots: [String] = []
        for (panel, link) in chosen.enumerated() {
            var lines: [String] = []
            for (index, group) in groups(over: link).enumerated() {
                let values = Statistics.distribution(group.completed.compactMap { $0.number("time_to_roi") })
                guard let first = values.first else { continue }
                script += Gnuplot.block(
                    "p\(panel)s\(index)",
                    [[Self.number(first.value), "0"]] + values.map { [Self.number($0.value), Self.number($0.share)] })
                lines.append(
                    "$p\(panel)s\(index) using 1:2 with steps lw 2 \(Gnuplot.style(index)) title \(Gnuplot.quoted(group.label(seriesKeys)))"
                )
            }
            let key = chosen.count == 1 ? "" : panel == 0 ? legend.key : "unset key\n"
            plots.append("\(key)set title \(Gnuplot.quoted(link))\nplot " + lines.joined(separator: ", \\\n  "))
        }
        if chosen.count > 1 { script += legend.panels(rows: rows, columns: 2, panelHeight: 320) }
        script += plots.joined(separator: "\n") + "\n" + (chosen.count > 1 ? "unset multiplot\n" : "")
        return Gnuplot.Figure(
            name: "time-to-roi-distribution", width: chosen.count > 1 ? 900 : 700,
            height: legend.height(panelHeight: 320, rows: rows),
            caption: "Time to ROI over seeds: the share of transfers in which the region of interest was shown by then.",
            script: script)
    }

    /// Bytes a layer, a bar an encoding and volume.
    private func layers() -> Gnuplot.Figure? {
        var bars: [(label: String, row: Row)] = []
        let keys = summary.varying.filter { ["volume", "encoding"].contains($0) }
        for group in summary.groups {
            let label = group.label(keys.isEmpty ? ["encoding"] : keys)
            if !bars.contains(where: { $0.label == label }) { bars.append((label, group.first)) }
        }
        bars = Array(bars.prefix(24))
        let layers = Layer.allCases.filter { layer in bars.contains { $0.row.number("bytes_\(layer.name)") ?? 0 > 0 } }
        guard !layers.isEmpty else { return nil }
        let rows = bars.map { bar in
            [Gnuplot.quoted(bar.label)] + layers.map { Self.number((bar.row.number("bytes_\($0.name)") ?? 0) / 1000) }
        }
        var script = Gnuplot.preamble + Gnuplot.block("bars", rows)
        script += """
            set style data histograms
            set style histogram rowstacked
            set style fill solid 0.9 border rgb 'white'
            set boxwidth 0.6
            set yrange [0:*]
            set ylabel "kB"
            set key outside right top vertical maxrows 12
            set lmargin \(max(9, Double(bars.map(\.label.count).max() ?? 0) * 0.6))
            set xtics rotate by 25 right

            """
        let plots = layers.enumerated().map { index, layer in
            "$bars using \(index + 2):xtic(1) lc rgb '\(Gnuplot.colours[index % Gnuplot.colours.count])'"
                + "\(index >= Gnuplot.colours.count ? " fs pattern 2" : "") title \(Gnuplot.quoted(layer.name))"
        }
        script += "plot " + plots.joined(separator: ", \\\n  ") + "\n"
        return Gnuplot.Figure(
            name: "bytes-by-layer", width: 780, height: 460, caption: "Bytes of chunk records by layer.", script: script)
    }
}
