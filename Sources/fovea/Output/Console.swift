internal import Concurrency
internal import Foundation
internal import FoveaKit
internal import Synchronization
internal import Terminal

/// The output of a command: JSON lines for machines or sentences for people on standard output, progress on a terminal's standard error.
final class Console: Sendable {
    let isJSON: Bool
    private let showsBar: Bool
    private let clock = Clock()
    private let state = Mutex(State())
    private let events = ProgressEvents(clock: Stopwatch())

    private struct State {
        /// Columns of the bar that stands there now; 0 for none.
        var shown = 0
        /// By what they are the progress of.
        var bars: [String: ProgressBar] = [:]
    }

    /// Seconds since the command began.
    private struct Clock: Sendable {
        private let start = ContinuousClock.now
        var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }
    }

    init(isJSON: Bool) {
        self.isJSON = isJSON
        showsBar = !isJSON && isatty(2) == 1
    }

    /// An event of a transfer for machines.
    func event(_ event: @autoclosure () -> Event?) {
        guard isJSON, let event = event() else { return }
        write(event.line + "\n", to: 1)
    }

    /// Shows how far a transfer has come on a terminal's bar; machines have an event of it.
    func bar(_ work: WorkProgress) { if showsBar { draw(work, at: clock.seconds) } }

    /// An event of another command for machines.
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

    /// Shows how far a piece of work has come: on a bar, or to machines in an event now and then.
    /// - Parameters:
    ///   - work: its label tells one piece of work from another.
    ///   - fields: what an event has beside the figures.
    func progress(_ work: WorkProgress, _ fields: @autoclosure () -> [String: JSONValue] = [:]) {
        if showsBar { draw(work, at: clock.seconds) }
        guard isJSON, let figures = events.fields(work) else { return }
        event("progress", figures.merging(fields()) { $1 })
    }

    /// Forgets a piece of work, and takes its bar away.
    func finishProgress(_ label: String) {
        clearBar()
        state.withLock { $0.bars[label] = nil }
        events.finish(label)
    }

    /// Takes the bar away until there is more to show.
    func clearBar() {
        let shown = state.withLock { state in
            defer { state.shown = 0 }
            return state.shown
        }
        if shown > 0 { write(Self.erasing(shown, on: Self.display()), to: 2) }
    }

    private func draw(_ work: WorkProgress, at time: Double) {
        let display = Self.display()
        let text = state.withLock { state -> String? in
            guard let line = state.bars[work.label, default: ProgressBar()].line(work, at: time, on: display) else { return nil }
            guard display.canRewrite else { return line + "\n" }
            defer { state.shown = line.count }
            return (state.shown > 0 ? Self.erasing(state.shown, on: display) : "") + line
        }
        if let text { write(text, to: 2) }
    }

    private static func erasing(_ columns: Int, on display: Display) -> String {
        display.takesEscapes ? "\r\u{1B}[K" : "\r" + String(repeating: " ", count: min(columns, max(0, display.width - 1))) + "\r"
    }

    /// The terminal as it is now: its width may have changed.
    private static func display() -> Display {
        var size = winsize()
        let width = ioctl(2, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : nil
        return Display(environment: ProcessInfo.processInfo.environment, width: width)
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
