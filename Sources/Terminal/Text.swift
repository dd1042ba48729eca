internal import Foundation

/// Numbers as people read them.
package enum Text {
    /// Seconds; a dash where there are none.
    package static func seconds(_ value: Double?) -> String {
        value.map { String(format: $0 < 10 ? "%.2f s" : "%.1f s", $0) } ?? "-"
    }
    /// Bytes in B, kB or MB.
    package static func bytes(_ value: Int) -> String {
        if value < 10_000 { return "\(value) B" }
        return value < 10_000_000 ? String(format: "%.1f kB", Double(value) / 1e3) : String(format: "%.1f MB", Double(value) / 1e6)
    }
    /// Bits a second in kbit/s or Mbit/s.
    package static func rate(_ value: Double) -> String {
        value < 1e6 ? String(format: "%.0f kbit/s", value / 1e3) : String(format: "%.2f Mbit/s", value / 1e6)
    }
    /// Decibels; "no error" where there are infinitely many, and "no figure" where there is none.
    package static func decibels(_ value: Double) -> String {
        value.isFinite ? String(format: "%.2f dB", value) : value > 0 ? "no error" : "no figure"
    }
    /// A number of six digits, as many as a 32-bit one has.
    package static func number(_ value: Double) -> String { String(format: "%.6g", value) }
    /// A text with blanks after it.
    package static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
    /// A text with blanks before it.
    package static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
