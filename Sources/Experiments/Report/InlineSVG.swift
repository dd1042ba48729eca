internal import Foundation

/// A picture's SVG for a page that holds several.
enum InlineSVG {
    /// The element alone, scaled to its place, its names its own.
    static func inline(_ svg: String, prefix: String, label: String) -> String {
        guard let start = svg.range(of: "<svg"), let end = svg.range(of: "</svg>", options: .backwards) else { return "" }
        var text = String(svg[start.lowerBound..<end.upperBound])
        for (before, after) in [("id=\"", "\""), ("id='", "'"), ("href='#", "'"), ("href=\"#", "\""), ("url(#", ")")] {
            text = text.components(separatedBy: before).enumerated().map { index, part in
                index == 0 || !part.contains(after) ? part : prefix + part
            }.joined(separator: before)
        }
        // The view box scales it; fixed sizes would not.
        if let close = text.firstIndex(of: ">") {
            var head = String(text[..<close])
            for name in ["width", "height"] {
                if let range = head.range(of: " \(name)=\"[^\"]*\"", options: .regularExpression) { head.removeSubrange(range) }
            }
            text = head + " role=\"img\" aria-label=\"\(HTMLReport.escaped(label))\"" + text[close...]
        }
        return text
    }
}
