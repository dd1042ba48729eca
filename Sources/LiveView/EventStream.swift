internal import HTTPService

/// Sessions as they change, as server-sent events: `view`, which tells one run of the server from another; `session`, a session that has
/// changed; `sessions`, the names of all there are.
///
/// A page that reads slowly gets fewer of them, each up to date: nothing is kept for it.
enum EventStream {
    private static let interval = Duration.milliseconds(50)
    /// Without a sign a page that is gone would not be noticed.
    private static let silenceLimit = Duration.seconds(10)

    static func response(_ board: LiveBoard, view: String) -> HTTPResponse {
        HTTPResponse(contentType: "text/event-stream", byteCount: nil) { writer in
            board.visit()
            try await writer.write(event("view", PageJSON.line(["view": view])))
            var revision = -1
            var names: [String]?
            var last = ContinuousClock.now
            while !Task.isCancelled {
                let (reached, present, changed) = board.changes(since: revision)
                var bytes = changed.flatMap { event("session", PageJSON.line(SessionJSON($0))) }
                if names != present { bytes += event("sessions", PageJSON.line(["names": present])) }
                (revision, names) = (reached, present)
                if bytes.isEmpty, .now - last > silenceLimit { bytes = Array(":\n\n".utf8) }
                if !bytes.isEmpty {
                    try await writer.write(bytes)
                    last = .now
                }
                try await Task.sleep(for: interval)
            }
        }
    }

    private static func event(_ name: String, _ json: [UInt8]) -> [UInt8] {
        Array("event: \(name)\ndata: ".utf8) + json + Array("\n\n".utf8)
    }
}
