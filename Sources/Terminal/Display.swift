internal import Foundation

/// The abilities of a terminal.
package struct Display: Sendable, Equatable {
    /// Columns.
    package var width: Int
    /// True when characters beyond ASCII are shown as what they are.
    package var isUnicode: Bool
    /// True when escape sequences are understood and welcome.
    package var takesEscapes: Bool
    /// True when a line can be written over; a dumb terminal only adds lines.
    package var canRewrite: Bool

    /// Makes a display.
    package init(width: Int = 80, isUnicode: Bool = true, takesEscapes: Bool = true, canRewrite: Bool = true) {
        self.width = width
        self.isUnicode = isUnicode
        self.takesEscapes = takesEscapes
        self.canRewrite = canRewrite
    }

    /// Makes a display from what a program's environment says of its terminal: the locale as POSIX finds it (`LC_ALL`, `LC_CTYPE`,
    /// `LANG`), `TERM`, and `NO_COLOR` (https://no-color.org).
    /// - Parameter width: columns, as the terminal itself says; nil where it does not.
    package init(environment: [String: String], width: Int?) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let locale = (value("LC_ALL") ?? value("LC_CTYPE") ?? value("LANG") ?? "").lowercased()
        let isDumb = value("TERM") == "dumb" || value("TERM") == nil
        self.init(
            width: width.flatMap { $0 > 0 ? $0 : nil } ?? value("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 80,
            isUnicode: locale.contains("utf-8") || locale.contains("utf8"), takesEscapes: !isDumb && value("NO_COLOR") == nil,
            canRewrite: !isDumb)
    }

    /// A text as this display can show it, no wider than so many columns.
    func fitted(_ text: String, columns: Int) -> String {
        var result = ""
        var used = 0
        for scalar in text.unicodeScalars {
            // A terminal gives characters of East Asian scripts and pictures two columns, some others none: two is never too few.
            let isPlain = scalar.value < 0x80 || (0x2580...0x259F).contains(scalar.value)
            let shown: Unicode.Scalar =
                scalar.value < 0x20 || scalar.value == 0x7F ? " " : isUnicode || scalar.isASCII ? scalar : "?"
            let needed = isPlain || !isUnicode ? 1 : 2
            guard used + needed <= columns else { break }
            used += needed
            result.unicodeScalars.append(shown)
        }
        return result
    }
}
