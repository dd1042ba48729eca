/// Writes what gnuplot is to draw: for each direction, throughput above and delay below.
///
/// Colours are of Okabe and Ito's palette, which people tell apart whatever colours they see.
struct PlotScript {
    private let header: LogHeader
    private let series: [Heading: PlotSeries]

    private static let arrivalColour = "#E69F00"
    private static let departureColour = "#0072B2"
    private static let bandColour = "#A9D3EE"
    private static let dropColour = "#D55E00"

    init(header: LogHeader, series: [Heading: PlotSeries]) {
        self.header = header
        self.series = series
    }

    /// The script, which writes the picture to standard output.
    ///
    /// - Parameter terminal: `svg` or `pngcairo`.
    func text(terminal: String) -> String {
        let headings = Heading.allCases.filter { series[$0] != nil }
        let width = headings.count == 1 ? 800 : 1280
        var text = """
            set terminal \(terminal) noenhanced size \(width),640 font 'Helvetica,11' background '#FFFFFF'
            set border 3 linecolor '#444444'
            set tics nomirror out
            set grid ytics linecolor '#DDDDDD' linetype 1 linewidth 0.5
            set key at graph 1,1.02 right bottom horizontal samplen 2
            set lmargin 10
            set tmargin 4
            set style fill solid 1 noborder

            """
        for heading in headings { text += data(heading) }
        text += "set multiplot layout 2,\(headings.count) title \(Self.quoted("Link \(header.name)")) noenhanced\n"
        for heading in headings { text += throughput(heading) }
        for heading in headings { text += delay(heading) }
        return text + "unset multiplot\n"
    }

    private func data(_ heading: Heading) -> String {
        guard let series = series[heading] else { return "" }
        let seconds = series.length / .seconds(1)
        let propagation = (header[heading].delay ?? .zero) / .seconds(1)
        var text = "$\(heading.rawValue) << EOD\n"
        for (index, interval) in series.intervals.enumerated() {
            let time = (series.start + series.length * index) / .seconds(1)
            let mean = interval.delaySum / Double(max(1, interval.departedPacketCount)) - propagation
            let isEmpty = interval.departedPacketCount == 0
            let columns: [Double?] = [
                time, Double(interval.arrivedByteCount) * 8e-6 / seconds, Double(interval.departedByteCount) * 8e-6 / seconds,
                isEmpty ? nil : max(0, mean) * 1e3, isEmpty ? nil : max(0, interval.longestDelay - propagation) * 1e3,
                interval.droppedPacketCount == 0 ? nil : 0.03,
            ]
            text += columns.map { $0.map { "\($0)" } ?? "NaN" }.joined(separator: " ") + "\n"
        }
        return text + "EOD\n" + capacity(heading, from: series)
    }

    /// The corners of the line that the link's capacity follows over the time plotted.
    private func capacity(_ heading: Heading, from series: PlotSeries) -> String {
        guard let rate = header[heading].rate else { return "" }
        let end = series.start + series.length * series.intervals.count
        var corners: [(Duration, Double)] = []
        switch rate {
        case .steps(let steps):
            for (index, step) in steps.enumerated() {
                let next = index + 1 < steps.count ? steps[index + 1].from : end
                let (from, to) = (max(step.from, series.start), min(next, end))
                if from < to { corners += [(from, step.bitsPerSecond), (to, step.bitsPerSecond)] }
            }
        case .constant, .trace: corners = [(series.start, rate.bitsPerSecond), (end, rate.bitsPerSecond)]
        }
        return "$\(heading.rawValue)_capacity << EOD\n"
            + corners.map { "\($0.0 / .seconds(1)) \($0.1 / 1e6)\n" }.joined() + "EOD\n"
    }

    private func throughput(_ heading: Heading) -> String {
        let name = heading.rawValue
        var plots = [
            "$\(name) using 1:2 with steps linecolor '\(Self.arrivalColour)' linewidth 1.5 title 'arrivals'",
            "$\(name) using 1:3 with steps linecolor '\(Self.departureColour)' linewidth 1.8 title 'departures'",
        ]
        let direction = header[heading]
        if direction.rate != nil {
            plots.append(
                "$\(name)_capacity using 1:2 with lines linecolor '#000000' dashtype 2 linewidth 1.2 title "
                    + (direction.isMean ? "'capacity (mean)'" : "'capacity'"))
        }
        return axes(heading, title: "throughput", label: "Throughput, Mbit/s", top: highestMegabits(heading))
            + "plot \(plots.joined(separator: ", "))\n"
    }

    private func delay(_ heading: Heading) -> String {
        let name = heading.rawValue
        let propagation = header[heading].delay ?? .zero
        let longest = series[heading]?.intervals.map(\.longestDelay).max() ?? 0
        let top = max(0, longest - propagation / .seconds(1)) * 1e3
        let isWhole = header[heading].delay == nil
        let title = isWhole ? "one-way delay" : "queueing delay"
        var plots = [
            "$\(name) using 1:5 with fillsteps fillcolor '\(Self.bandColour)' title 'longest'",
            "$\(name) using 1:4 with steps linecolor '\(Self.departureColour)' linewidth 1.8 title 'mean'",
        ]
        if series[heading]?.intervals.contains(where: { $0.droppedPacketCount > 0 }) ?? false {
            plots.append(
                "$\(name) using 1:($6*\(Self.heightened(top))) with points pointtype 2 pointsize 0.8 linewidth 1.5 linecolor '\(Self.dropColour)' title 'drops'"
            )
        }
        return axes(heading, title: title, label: "Delay, ms", top: top)
            + "set xlabel 'Time, s'\nplot \(plots.joined(separator: ", "))\nunset xlabel\n"
    }

    private func axes(_ heading: Heading, title: String, label: String, top: Double) -> String {
        guard let series = series[heading] else { return "" }
        let (from, to) = (series.start / .seconds(1), (series.start + series.length * series.intervals.count) / .seconds(1))
        return """
            set xrange [\(from):\(to)]
            set yrange [0:\(Self.heightened(top))]
            set ylabel '\(label)'
            set label 1 '\(heading.rawValue): \(title)' at graph 0,1.06 left font ',13'

            """
    }

    private func highestMegabits(_ heading: Heading) -> Double {
        guard let series = series[heading] else { return 0 }
        let bits = series.intervals.map { max($0.arrivedByteCount, $0.departedByteCount) * 8 }.max() ?? 0
        let capacity = header[heading].rate?.highestBitsPerSecond(before: series.start + series.length * series.intervals.count)
        return max(Double(bits) / (series.length / .seconds(1)), capacity ?? 0) / 1e6
    }

    /// Room above the highest value, also where that is 0.
    private static func heightened(_ top: Double) -> Double { top > 0 ? top * 1.08 : 1 }

    /// A string that gnuplot takes as it is: in single quotes it knows no escape but the quote itself, doubled.
    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}
