internal import Foundation
internal import Synchronization

/// What a command says: JSON lines for machines or sentences for people on standard output, progress on a terminal's standard error.
final class Console: Sendable {
    let isJSON: Bool
    private let showsProgress: Bool
    private let hasBar = Mutex(false)

    init(isJSON: Bool) {
        self.isJSON = isJSON
        showsProgress = !isJSON && isatty(2) == 1
    }

    /// An event for machines.
    func event(_ name: String, _ fields: [String: JSONValue] = [:]) {
        guard isJSON else { return }
        write(JSONValue.object(fields.merging(["event": .text(name)]) { $1 }).line + "\n", to: 1)
    }

    /// A line for people on standard output.
    func say(_ text: String) {
        guard !isJSON else { return }
        clearBar()
        write(text.printable + "\n", to: 1)
    }

    /// A line for people on standard error, whatever the mode: what they should know besides the result.
    func remark(_ text: String) {
        clearBar()
        write("fovea: \(text.printable)\n", to: 2)
    }

    /// Draws the bar; `share` is from 0 to 1.
    func progress(_ label: String, share: Double) {
        guard showsProgress else { return }
        let width = 32
        let filled = Int(min(1, max(0, share)) * Double(width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        hasBar.withLock { $0 = true }
        write("\r\u{1B}[K\(bar) \(String(format: "%3.0f", share * 100)) %  \(label)", to: 2)
    }

    /// Takes the bar away.
    func clearBar() {
        let had = hasBar.withLock { bar in
            defer { bar = false }
            return bar
        }
        if had { write("\r\u{1B}[K", to: 2) }
    }

    private func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count <= 0 { return }
            written += count
        }
    }
}

/// Numbers as people read them.
enum Text {
    static func seconds(_ value: Double?) -> String { value.map { String(format: $0 < 10 ? "%.2f s" : "%.1f s", $0) } ?? "-" }
    static func bytes(_ value: Int) -> String {
        if value < 10_000 { return "\(value) B" }
        return value < 10_000_000 ? String(format: "%.1f kB", Double(value) / 1e3) : String(format: "%.1f MB", Double(value) / 1e6)
    }
    static func rate(_ value: Double) -> String {
        value < 1e6 ? String(format: "%.0f kbit/s", value / 1e3) : String(format: "%.2f Mbit/s", value / 1e6)
    }
    static func decibels(_ value: Double) -> String { value.isFinite ? String(format: "%.2f dB", value) : "no error" }
    static func left(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
    static func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
}
