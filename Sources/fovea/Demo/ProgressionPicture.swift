internal import Receiver
internal import ProgressiveCoding
internal import Terminal
internal import VolumeModel

/// One slice at the same moments of each run, side by side: above as it looked, below how good each voxel was.
struct ProgressionPicture {
    let runs: [DemoRun]

    private static let ground = Canvas.Colour.grey(16)
    private static let ink = Canvas.Colour.grey(225)
    private static let accent = Canvas.Colour(red: 255, green: 196, blue: 64)
    private static let margin = 14
    private static let labelHeight = 26

    private static func colour(quality: UInt8) -> Canvas.Colour {
        switch quality {
        case Quality.missing: Canvas.Colour(red: 38, green: 42, blue: 56)
        case Quality.backgroundBase: Canvas.Colour(red: 70, green: 110, blue: 170)
        case Quality.roiBase: Canvas.Colour(red: 240, green: 170, blue: 60)
        default: Canvas.Colour(red: 80, green: 165, blue: 100)
        }
    }

    /// When the first run reached something, and the end of the last.
    private var moments: [Double] {
        guard let first = runs.first else { return [] }
        let end = runs.compactMap(\.received.timeToLossless).max() ?? first.views.last?.seconds ?? 0
        let marks = [first.received.timeToROI, first.received.timeToBackground].compactMap { $0 }
        let last = marks.max() ?? 0
        return Array(Set(marks + [last + (end - last) / 3, last + 2 * (end - last) / 3, end])).sorted()
    }

    func write(to path: String) throws {
        guard let sample = runs.first?.views.last, let top = sample.values.max(), let bottom = sample.values.min() else { return }
        let window = displayWindow(sample.values, bottom...top)
        let panelHeight = sample.rows * 3 / 2
        let rowHeight = panelHeight + Self.labelHeight
        let columnWidth = sample.columns + Self.margin
        var canvas = Canvas(
            width: Self.margin + moments.count * columnWidth, height: 44 + runs.count * rowHeight + 34, background: Self.ground)
        for (column, moment) in moments.enumerated() {
            canvas.write(Text.seconds(moment), x: Self.margin + column * columnWidth, y: 16, scale: 2, Self.ink)
        }
        for (row, run) in runs.enumerated() {
            let y = 44 + row * rowHeight
            canvas.write(row == 0 ? "region of interest first" : "slice by slice", x: Self.margin, y: y + 6, scale: 2, Self.accent)
            for (column, moment) in moments.enumerated() {
                // A hair later, since a view is taken right after the chunk that brought it.
                let view = run.views.last { $0.seconds <= moment + 0.05 } ?? run.views.first
                guard let view else { continue }
                draw(view, run.region, window, on: &canvas, x: Self.margin + column * columnWidth, y: y + Self.labelHeight)
            }
        }
        legend(on: &canvas)
        try canvas.write(to: path)
    }

    /// From the least value to the 99.8th percentile of what is above it: outliers do not darken the rest.
    private func displayWindow(_ values: [Double], _ range: ClosedRange<Double>) -> ClosedRange<Double> {
        let body = values.filter { $0 > range.lowerBound && $0.isFinite }.sorted()
        guard let high = body.isEmpty ? nil : body[min(body.count - 1, body.count * 998 / 1000)] else { return range }
        return range.lowerBound...max(high, range.lowerBound + 1e-9)
    }

    private func draw(_ view: SliceView, _ region: Box?, _ window: ClosedRange<Double>, on canvas: inout Canvas, x: Int, y: Int) {
        for row in 0..<view.rows {
            for column in 0..<view.columns {
                let index = row * view.columns + column
                if view.quality[index] == Quality.missing {
                    canvas.set(x + column, y + row, Self.colour(quality: Quality.missing))
                } else {
                    let share = (view.values[index] - window.lowerBound) / (window.upperBound - window.lowerBound)
                    canvas.set(x + column, y + row, .grey(UInt8(max(0, min(255, (share.isFinite ? share : 0) * 255)))))
                }
            }
        }
        if let region {
            canvas.outline(
                x: x + region.x.lowerBound - 1..<x + region.x.upperBound + 1,
                y: y + region.y.lowerBound - 1..<y + region.y.upperBound + 1, Self.accent)
        }
        for row in 0..<view.rows / 2 {
            for column in 0..<view.columns / 2 {
                canvas.set(
                    x + view.columns / 4 + column, y + view.rows + row,
                    Self.colour(quality: view.quality[row * 2 * view.columns + column * 2]))
            }
        }
    }

    private func legend(on canvas: inout Canvas) {
        var x = Self.margin
        let y = canvas.height - 24
        for (quality, label) in [
            (Quality.missing, "not arrived"), (Quality.backgroundBase, "background"), (Quality.roiBase, "region of interest"),
            (Quality.exact, "exact"),
        ] {
            canvas.fill(x: x..<x + 14, y: y..<y + 14, Self.colour(quality: quality))
            canvas.write(label, x: x + 20, y: y, scale: 2, Self.ink)
            x += 20 + label.count * 12 + 24
        }
        canvas.write("previews are not for diagnosis", x: x + 24, y: y, scale: 2, Self.accent)
    }
}
