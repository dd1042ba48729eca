internal import Foundation

/// The figure of how region and background become better over time, over one link: PSNR above, SSIM below.
struct CurveFigure {
    let link: String
    let series: [(label: String, points: [TransferLog.Point])]

    private static let panelHeight = 290

    func figure() -> Gnuplot.Figure {
        let finite = series.flatMap { $0.points.flatMap { [$0.roiPSNR, $0.backgroundPSNR] } }.filter(\.isFinite)
        // Where there is no error PSNR is infinite: that is drawn above all else, and labelled.
        let top = ((finite.max() ?? 50) / 10).rounded(.up) * 10 + 10
        let end = series.compactMap { $0.points.last?.seconds }.max() ?? 1
        let hasSimilarity = series.contains { $0.points.contains { $0.roiSSIM != nil || $0.backgroundSSIM != nil } }
        var script = Gnuplot.preamble
        for (index, line) in series.enumerated() {
            let extended = line.points + (line.points.last.map { [$0.moved(to: end * 1.04)] } ?? [])
            script += Gnuplot.block(
                "s\(index)",
                extended.map { point in
                    [
                        point.seconds, min(point.roiPSNR, top), min(point.backgroundPSNR, top), point.roiSSIM ?? .nan,
                        point.backgroundSSIM ?? .nan,
                    ].map(Figures.number)
                })
        }
        let tics = stride(from: 0, to: top, by: 10).map { "\"\(Int($0))\" \($0)" } + ["\"exact\" \(top)"]
        script += """
            set xrange [0:\(end * 1.04)]
            set xlabel "seconds from the start of the sender"

            """
        let legend = Gnuplot.Legend(series.map(\.label))
        let rows = hasSimilarity ? 2 : 1
        script += legend.panels(rows: rows, columns: 2, panelHeight: Self.panelHeight)
        let panels = [
            (2, "region of interest", "PSNR (dB)", "set yrange [0:\(top * 1.03)]\nset ytics (\(tics.joined(separator: ", ")))"),
            (3, "background", "PSNR (dB)", ""),
            (4, "", "SSIM", "set yrange [0:1.03]\nset ytics 0.2"),
            (5, "", "SSIM", ""),
        ]
        for (place, panel) in panels.prefix(hasSimilarity ? 4 : 2).enumerated() {
            let (column, title, label, before) = panel
            script += "\(before)\nset title \(Gnuplot.quoted(title))\nset ylabel \(Gnuplot.quoted(label))\n"
            // One legend for all panels.
            if place == 0 { script += legend.key }
            script +=
                "plot "
                + series.indices.map { index in
                    "$s\(index) using 1:\(column) with steps lw 2 \(Gnuplot.style(index)) title \(Gnuplot.quoted(series[index].label))"
                }.joined(separator: ", \\\n  ") + "\n"
            if place == 0 { script += "unset key\n" }
        }
        script += "unset multiplot\n"
        return Gnuplot.Figure(
            name: "quality-over-time-\(Figures.slug(link))", width: 900,
            height: legend.height(panelHeight: Self.panelHeight, rows: rows),
            caption: "\(link): quality of region of interest and background over time, the first seed.", script: script)
    }
}

extension TransferLog.Point {
    fileprivate func moved(to seconds: Double) -> TransferLog.Point {
        TransferLog.Point(
            seconds: seconds, roiPSNR: roiPSNR, roiSSIM: roiSSIM, backgroundPSNR: backgroundPSNR, backgroundSSIM: backgroundSSIM)
    }
}
