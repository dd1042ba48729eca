internal import Foundation
internal import Profiles

/// The results that a run leaves for people and programs.
package struct Gathering: Sendable {
    /// The page.
    package let report: String
    /// Pictures, as SVG and PNG.
    package let figures: [String]
    /// A table of medians in text.
    package let table: String
    /// Remarks that a person should know.
    package let remarks: [String]
}

extension Laboratory {
    /// Makes tables, figures and report of the results in the folder.
    /// - Throws: `ExperimentError.Code.invalidResults` where some are missing; `.figureFailed`, `.cannotWrite`.
    package func gather() throws -> Gathering {
        let rows = try results()
        let summary = Summary(rows)
        try OutputFile.write(profile.contents, to: "\(options.folder)/experiment.yaml")
        try OutputFile.write(Summary.table(rows), to: "\(options.folder)/results.csv")
        try OutputFile.write(summary.csv, to: "\(options.folder)/summary.csv")
        let folder = "\(options.folder)/figures"
        // Figures of an earlier state of the experiment would mislead.
        try? FileManager.default.removeItem(atPath: folder)
        let gnuplot = Gnuplot(folder: folder)
        var drawn: [(figure: Gnuplot.Figure, svg: String)] = []
        if gnuplot.program != nil {
            let figures = Figures(summary: summary) { key in
                FileManager.default.contents(atPath: "\(options.folder)/cells/\(key).csv")
                    .map { TransferLog.curve(String(decoding: $0, as: UTF8.self)) } ?? []
            }
            for figure in figures.all() {
                try gnuplot.draw(figure)
                let svg = FileManager.default.contents(atPath: "\(folder)/\(figure.name).svg").map {
                    String(decoding: $0, as: UTF8.self)
                }
                drawn.append((figure, svg ?? ""))
            }
        }
        let report = "\(options.folder)/report.html"
        let page = HTMLReport(
            profile: profile, mode: options.mode, summary: summary, rows: rows, remarks: profile.remarks, figures: drawn)
        try OutputFile.write(page.html, to: report)
        return Gathering(
            report: report, figures: drawn.flatMap { item in ["svg", "png"].map { "\(folder)/\(item.figure.name).\($0)" } },
            table: summary.text, remarks: gnuplot.program == nil ? [Gnuplot.missing] : [])
    }
}
