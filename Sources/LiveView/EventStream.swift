internal import HTTPService

/// Sessions as they change, as server-sent events; ``ViewRouter`` says which.
///
/// A page that reads slowly gets fewer of them, each up to date: nothing is kept for it.
enum EventStream {
    private static let interval = Duration.milliseconds(50)
    /// Without a sign neither end would notice that the other is gone.
    private static let idleTimeout = Duration.seconds(5)

    static func response(_ store: LiveStore, view: String) -> HTTPResponse {
        HTTPResponse(contentType: "text/event-stream", byteCount: nil) { writer in
            let page = store.enter()
            defer { store.leave(page) }
            try await writer.write(event("view", PageJSON.line(ViewJSON(view: view, page: page))))
            var revision = -1
            var shown: [LiveStore.Entry]?
            var last = ContinuousClock.now
            while !Task.isCancelled {
                let (reached, list, changed) = store.changes(since: revision)
                var bytes: [UInt8] = []
                if let list, list != shown {
                    bytes = event("sessions", PageJSON.line(["sessions": list]))
                    shown = list
                }
                bytes += changed.flatMap { event("session", PageJSON.line(SessionJSON($0))) }
                revision = reached
                if bytes.isEmpty, .now - last > idleTimeout { bytes = event("beat", Array("{}".utf8)) }
                if !bytes.isEmpty {
                    try await writer.write(bytes)
                    last = .now
                }
                try await Task.sleep(for: interval)
            }
        }
    }

    private struct ViewJSON: Encodable {
        let view: String
        let page: Int
    }

    private static func event(_ name: String, _ json: [UInt8]) -> [UInt8] {
        Array("event: \(name)\ndata: ".utf8) + json + Array("\n\n".utf8)
    }
}
