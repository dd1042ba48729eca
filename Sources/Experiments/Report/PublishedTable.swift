internal import Foundation

/// Sizes and quality of encodings beside the published figures.
struct PublishedTable {
    let summary: Summary

    private struct Line {
        let volume: String
        let encoding: String
        let row: Row
    }

    private var lines: [Line] {
        var lines: [Line] = []
        for group in summary.groups {
            let (volume, encoding) = (group.first.text("volume"), group.first.text("encoding"))
            if !lines.contains(where: { $0.volume == volume && $0.encoding == encoding }) {
                lines.append(Line(volume: volume, encoding: encoding, row: group.completed.first ?? group.first))
            }
        }
        return lines
    }

    private static func text(_ value: Double?, _ digits: Int) -> String { value.map { String(format: "%.\(digits)f", $0) } ?? "-" }

    var html: String {
        let lines = lines
        func cells(_ values: [Double?], _ digits: [Int]) -> String {
            zip(values, digits).map { "<td class=\"number\">\(Self.text($0, $1))</td>" }.joined()
        }
        let digits = [0, 0, 0, 1, 1, 2, 2, 4, 4]
        func values(_ row: Row) -> [Double?] {
            let base = row.number("base_bytes") ?? 0
            return [
                row.number("bytes_roi_base"), row.number("bytes_background_base"), base, row.number("ratio"),
                base > 0 ? row.number("file_bytes").map { $0 / base } : nil, row.number("roi_psnr_db"),
                row.number("background_psnr_db"),
                row.number("roi_ssim"), row.number("background_ssim"),
            ]
        }
        let body = lines.map { line in
            "<tr><th scope=\"row\">\(HTMLReport.escaped(line.volume))</th><td>\(HTMLReport.escaped(line.encoding))</td>\(cells(values(line.row), digits))</tr>"
        }
        var encodings: [String] = []
        for line in lines where !encodings.contains(line.encoding) { encodings.append(line.encoding) }
        let medians = encodings.map { encoding in
            let all = lines.filter { $0.encoding == encoding }.map { values($0.row) }
            let middle = digits.indices.map { index in Statistics.median(all.compactMap { $0[index] }) }
            return
                "<tr class=\"median\"><th scope=\"row\">median</th><td>\(HTMLReport.escaped(encoding))</td>\(cells(middle, digits))</tr>"
        }
        let titles = [
            "volume", "encoding", "ROI bytes", "background bytes", "both", "voxels over both", "file over both", "ROI PSNR dB",
            "background PSNR dB", "ROI SSIM", "background SSIM",
        ]
        let head = titles.enumerated().map { "<th scope=\"col\"\($0 > 1 ? " class=\"number\"" : "")>\($1)</th>" }.joined()
        return """
            <section><h2>Beside the published figures</h2>
            <p>Base layers alone, ROI at CRF 20 and background at CRF 40. <code>paper</code> is the published recipe as Fovea runs
            it; PSNR and SSIM are over the same voxels for every encoding: the region
            as it was found, and the rest of the content.</p>
            <div class="wide"><table><thead><tr>\(head)</tr></thead><tbody>\((body + (lines.count > encodings.count ? medians : [])).joined(separator: "\n"))</tbody></table></div>
            <p>Published (U. P. Srivastava, Region of interest based medical image compression): all FLAIR scans of BraTS 2020,
            348.17 MB to 60.57 MB, with a ratio of 6.89. The two sizes give 5.75, not 6.89;
            and what the 348.17 MB are is not said: 369 volumes of 240x240x155 voxels of 16 bits would be 6.6 GB. So its ratios
            can be compared with neither column above, and are only
            quoted; no PSNR or SSIM is published.</p></section>
            """
    }
}
