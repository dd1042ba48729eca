internal import Receipts
internal import Foundation
internal import Profiles
internal import ProgressiveCoding

/// The page for a person: it stands alone, with its figures in it and nothing fetched.
struct HTMLReport {
    let profile: ExperimentProfile
    let mode: Mode
    let summary: Summary
    let rows: [Row]
    let remarks: [String]
    /// Figures with their SVG.
    let figures: [(figure: Gnuplot.Figure, svg: String)]

    var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>\(Self.escaped(profile.title))</title>
        <style>\(Self.style)</style>
        </head>
        <body>
        <main>
        <header>
        <p class="kind">Fovea experiment \(Self.escaped(profile.name))</p>
        <h1>\(Self.escaped(profile.title))</h1>
        <p class="question">\(Self.escaped(profile.question))</p>
        <p class="warning" role="note">Previews are not for diagnosis. Fovea prioritises transmission and diagnoses nothing.</p>
        </header>
        \(conditions)
        \(medians)
        \(profile.isBesidePublished ? PublishedTable(summary: summary).html : "")
        <section><h2>Figures</h2>
        \(figures.isEmpty ? "<p>No figures: gnuplot was not installed when this report was made.</p>" : figures.enumerated().map(section).joined(separator: "\n"))
        </section>
        \(repeating)
        \(definitions)
        </main>
        </body>
        </html>

        """
    }

    private var conditions: String {
        let volumes = profile.subjects.map { Self.escaped($0.name) }.joined(separator: ", ")
        let failed = rows.filter { $0.text("state") != "complete" }
        let how =
            mode == .virtual
            ? "in virtual time: Fovea's own sessions over netsim's model of the link and of SRT; chunks are ready \(codingWords)"
            : "over SRT sockets on one machine, through netsim's relay"
        var items = [
            "<dt>Transfers</dt><dd>\(rows.count), \(how)</dd>",
            "<dt>Volumes</dt><dd>\(volumes)</dd>",
            "<dt>Encodings</dt><dd>\(profile.encodings.map { Self.escaped($0.name) }.joined(separator: ", "))</dd>",
            "<dt>Orders</dt><dd>\(profile.orders.map(\.rawValue).joined(separator: ", "))</dd>",
            "<dt>Links</dt><dd>\(profile.links.map { Self.escaped($0.name) }.joined(separator: "; "))</dd>",
            "<dt>Seeds</dt><dd>\(profile.seeds.count == 1 ? "\(profile.seeds[0])" : "\(profile.seeds.count), from \(profile.seeds[0]) on")</dd>",
            "<dt>Version</dt><dd>Fovea \(FoveaVersion.text)</dd>",
        ]
        if !failed.isEmpty { items.append("<dt>Ended early</dt><dd>\(failed.count) transfers; results.csv says why</dd>") }
        for remark in remarks { items.append("<dt>Note</dt><dd>\(Self.escaped(remark))</dd>") }
        return "<section><h2>What was done</h2><dl>\(items.joined())</dl></section>"
    }

    private var codingWords: String {
        switch profile.coding {
        case .reference: "as on the reference machine of two cores"
        case .measured: "as measured on the machine that made this report"
        case .instant: "at once"
        }
    }

    private var medians: String {
        let keys = summary.labelKeys
        let head =
            keys.map { "<th scope=\"col\">\(Self.escaped($0))</th>" }
            + summary.shownColumns.map { column in
                "<th scope=\"col\" class=\"number\">\(column.title)\(column.unit.isEmpty ? "" : "<br><span class=\"unit\">\(column.unit)</span>")</th>"
            }
        let body = summary.groups.map { group in
            let labels = keys.map { "<th scope=\"row\">\(Self.escaped(group.first.text($0)))</th>" }
            let cells = summary.shownColumns.map { column -> String in
                guard let estimate = group.estimate(column.name) else { return "<td class=\"number\">-</td>" }
                let median = Summary.number(estimate.median, column)
                let (low, high) = (Summary.number(estimate.low, column), Summary.number(estimate.high, column))
                let interval = low == high ? "" : "<br><span class=\"interval\">\(low)–\(high)</span>"
                return "<td class=\"number\">\(median)\(interval)</td>"
            }
            return "<tr>\((labels + cells).joined())</tr>"
        }
        let coverage = summary.groups.compactMap { $0.estimate("time_to_roi")?.coverage }.min() ?? 0
        let words =
            coverage >= 0.95
            ? "Medians over seeds; below each the interval of order statistics that holds the median of all seeds with at least 95 %, where transfers differ."
            : coverage > 0
                ? "Medians over seeds; below each the least and the greatest value, which hold the median of all seeds with \(Int((coverage * 100).rounded())) %. Six seeds are needed for 95 %."
                : "One transfer each, so there are no intervals."
        return """
            <section><h2>Medians</h2>
            <p>\(words)</p>
            <div class="wide"><table><thead><tr>\(head.joined())</tr></thead><tbody>
            \(body.joined(separator: "\n"))
            </tbody></table></div></section>
            """
    }

    private func section(_ index: Int, _ item: (figure: Gnuplot.Figure, svg: String)) -> String {
        """
        <figure>
        \(InlineSVG.inline(item.svg, prefix: "f\(index)-", label: item.figure.caption))
        <figcaption><b>Figure \(index + 1).</b> \(Self.escaped(item.figure.caption)) (<code>figures/\(item.figure.name)</code>.svg, .png, .gp)</figcaption>
        </figure>
        """
    }

    private var repeating: String {
        let arguments = mode == .virtual ? " --virtual" : ""
        let digests = Set(rows.map { "\($0.text("encoding")) \($0.text("encoding_digest"))" }).union(
            rows.map { "\($0.text("transport")) \($0.text("transport_digest"))" })
        return """
            <section><h2>How to repeat it</h2>
            <p>Beside this page lies the profile as it was read:</p>
            <pre>fovea experiment experiment.yaml\(arguments) --out again</pre>
            <p>\(mode == .virtual && profile.coding != .measured
                ? "In virtual time the same version, profiles and volumes give the same results.jsonl, byte for byte."
                : "Times depend on the machine; what the link loses depends on the seed and on when each datagram comes.")
            Profiles by the first 16 digits of their SHA-256: \(digests.sorted().map(Self.escaped).joined(separator: ", ")). Every transfer's parameters are in results.csv, what happened in it in
            <code>cells/KEY.csv</code>.</p></section>
            """
    }

    private var definitions: String {
        """
        <section><h2>What the columns mean</h2>
        <p>Times are seconds from the start of the sender. <b>ROI</b>: every voxel of the region of interest is shown at base
        quality or better.
        <b>Background</b>: every other voxel too. <b>ROI exact</b>, <b>exact</b>: bit for bit the source, the region or the whole
        file. <b>ROI speed index</b>: the area above the region's
        quality curve, where quality is the share of the root mean squared error at the beginning that is gone. <b>Goodput</b>:
        bits of chunks over the time from the first datagram to the last
        confirmation. <b>Overhead</b>: bytes on the wire over bytes of chunks. PSNR and SSIM are against the source; before
        anything has arrived the volume holds its fill value. Docs/Measures.md has the formulas.</p></section>
        """
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }

    private static let style = """
        body{margin:0;background:#f6f7f9;color:#1c2530;font:16px/1.5 system-ui,sans-serif}
        main{max-width:1080px;margin:0 auto;padding:24px 20px 48px}
        h1{font-size:1.7rem;line-height:1.2;margin:.1em 0 .4em}h2{font-size:1.2rem;margin:0 0 .6em}
        .kind{color:#5a6675;margin:0;font-size:.9rem}.question{font-size:1.05rem;max-width:70ch}
        .warning{background:#fff4d6;border-left:4px solid #e69f00;padding:8px 12px;margin:16px 0}
        section{background:#fff;border:1px solid #dde2e8;border-radius:8px;padding:18px 20px;margin:18px 0}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0}dt{color:#5a6675}dd{margin:0}
        .wide{overflow-x:auto}table{border-collapse:collapse;font-size:.86rem;width:100%}
        th,td{padding:6px 8px;text-align:left;vertical-align:top;border-bottom:1px solid #e6eaee}
        thead th,thead .number{white-space:normal;border-bottom:2px solid #b8c1cc}
        tbody th{font-weight:600}tbody th{white-space:nowrap}
        .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        .unit,.interval{color:#5a6675;font-weight:400;font-size:.8rem}
        figure{margin:0 0 28px}figure svg{width:100%;height:auto;display:block}
        figcaption{color:#3a4654;font-size:.9rem;max-width:75ch}
        pre{background:#f0f2f5;padding:10px 12px;border-radius:6px;overflow-x:auto}
        code,pre{font-family:ui-monospace,monospace;font-size:.88rem}
        @media(max-width:600px){main{padding:12px 8px}section{padding:12px}dl{grid-template-columns:1fr}dt{margin-top:6px}}
        @media print{body{background:#fff}section{border:0;padding:0}}
        """
}
