import Receipts
import Receiver
import Foundation
import LiveView
import Profiles
import SRTTransport
import Synchronization
import TestSupport
import Testing

typealias JSON = [String: Any]

/// A view of a folder, as a page sees it.
struct Served: Sendable {
    let folder: String
    let store: LiveStore
    let site: ReceivingSite
    let port: UInt16

    /// Serves a view of a new folder while something is done with it.
    static func run(
        openByteLimit: Int = 1 << 30, key: ReceiptKey? = nil, prepare: @Sendable (String) async throws -> Void = { _ in },
        _ body: @escaping @Sendable (Served) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "fovea-view-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await prepare(folder)
        var site = ReceivingSite(folder: folder, transport: .init())
        site.regionRequests = RegionRequestQueue()
        site.receiptKey = key
        let store = LiveStore(openByteLimit: openByteLimit)
        let view = try LiveView(of: store, site: site, on: HostPort(host: "127.0.0.1", port: 0))
        let (pages, continuation) = AsyncStream<String>.makeStream()
        let task = Task { try await view.run { continuation.yield($0) } }
        defer { task.cancel() }
        var iterator = pages.makeAsyncIterator()
        let page = try #require(await iterator.next())
        let port = UInt16(try #require(URL(string: page)?.port))
        try await body(Served(folder: folder, store: store, site: site, port: port))
    }

    /// The status and the body of an answer.
    func ask(_ path: String, method: String = "GET", headers: String = "", body: String = "") async -> (status: Int, body: [UInt8])
    {
        let port = port
        let bytes = await onThread { () -> [UInt8] in
            guard let client = RawClient(port: port) else { return [] }
            defer { client.close() }
            client.send(
                "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
            )
            return client.receiveBytes() ?? []
        }
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return (0, []) }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        return (head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0, Array(bytes[end.upperBound...]))
    }

    func json(_ path: String) async throws -> JSON { try Self.object(await ask(path).body) }

    func post(_ path: String, _ body: String) async throws -> (status: Int, body: [UInt8]) {
        let word = try #require(try await json("/api/start")["request_word"] as? String)
        return await ask(path, method: "POST", headers: "X-Fovea-Request: \(word)\r\n", body: body)
    }

    /// Opens a session for a page.
    func open(_ session: String, page: Int) async throws -> (status: Int, session: JSON) {
        let answer = try await post("/open", #"{"session":"\#(session)","page":\#(page)}"#)
        return (answer.status, (try? Self.object(answer.body)) ?? [:])
    }

    static func object(_ bytes: [UInt8]) throws -> JSON {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? JSON)
    }

    /// Everything of a volume that a page fetches, from nothing: stored bytes and qualities; nil where it is told that it has another one.
    func voxels(_ session: String, _ index: Int, bytesPerVoxel: Int = 2) async throws -> (voxels: [UInt8], quality: [UInt8])? {
        let meta = try await json("/volume/\(session)/\(index)")
        let shape = try #require(meta["shape"] as? [Int])
        let (columns, rows, slices) = (shape[0], shape[1], shape[2])
        let epoch = try #require(meta["epoch"] as? Int)
        var voxels = [UInt8](repeating: 0, count: shape.reduce(bytesPerVoxel, *))
        var quality = [UInt8](repeating: 3, count: shape.reduce(1, *))
        for timepoint in 0..<shape[3] {
            for part in 0...1 {
                var revision = 0
                while true {
                    let answer = await ask(
                        "/volume/\(session)/\(index)/patches?epoch=\(epoch)&part=\(part)&from=\(revision)&t=\(timepoint)")
                    guard answer.status == 200 else { return nil }
                    func number(_ at: Int) -> Int { (0..<4).reduce(0) { $0 | Int(answer.body[at + $1]) << (8 * $1) } }
                    let (reached, count) = (number(8), number(12))
                    var at = 16
                    for _ in 0..<count {
                        let box = (0..<6).map { number(at + 4 * $0) }
                        at += 24
                        let boxCount = (box[1] - box[0]) * (box[3] - box[2]) * (box[5] - box[4])
                        var source = 0
                        for z in box[4]..<box[5] {
                            for y in box[2]..<box[3] {
                                for x in box[0]..<box[1] {
                                    let target = (((timepoint * slices) + z) * rows + y) * columns + x
                                    for byte in 0..<bytesPerVoxel {
                                        voxels[target * bytesPerVoxel + byte] = answer.body[at + source * bytesPerVoxel + byte]
                                    }
                                    quality[target] = answer.body[at + boxCount * bytesPerVoxel + source]
                                    source += 1
                                }
                            }
                        }
                        at += boxCount * (bytesPerVoxel + 1)
                    }
                    if reached == revision || count == 0 { break }
                    revision = reached
                }
            }
        }
        return (voxels, quality)
    }
}

/// A page's events.
final class Events: Sendable {
    private let received = Mutex<[(name: String, data: String)]>([])
    private let client: RawClient

    init(_ served: Served) throws {
        client = try #require(RawClient(port: served.port))
        client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        Thread.detachNewThread { [self] in
            var rest: [UInt8] = []
            while let part = client.receivePart() {
                rest += part
                while let end = rest.firstRange(of: [10, 10]) {
                    let lines = rest[..<end.lowerBound].split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
                    rest.removeFirst(end.upperBound)
                    guard let name = lines.first(where: { $0.hasPrefix("event: ") }),
                        let data = lines.first(where: { $0.hasPrefix("data: ") })
                    else { continue }
                    received.withLock { $0.append((String(name.dropFirst(7)), String(data.dropFirst(6)))) }
                }
            }
            client.close()
        }
    }

    /// The page has gone.
    func close() { client.shut() }

    /// The last event of a name so far.
    private func last(_ name: String, where condition: (JSON) -> Bool = { _ in true }) -> JSON? {
        received.withLock { events in
            for event in events.reversed() where event.name == name {
                guard let object = try? Served.object(Array(event.data.utf8)) else { continue }
                if condition(object) { return object }
            }
            return nil
        }
    }

    /// Waits, a minute at most, until something can be said of the events so far.
    private func wait<Result>(for what: String, _ find: () -> Result?) async throws -> Result {
        for _ in 0..<3000 {
            if let found = find() { return found }
            try await Task.sleep(for: .milliseconds(20))
        }
        let all = received.withLock { $0.suffix(4).map { "\($0.name): \($0.data)" } }.joined(separator: "\n")
        Issue.record("no \(what) within a minute, but\n\(all)")
        throw CancellationError()
    }

    /// This page's number.
    func page() async throws -> Int { try await wait(for: "page") { last("view")?["page"] as? Int } }

    /// The list of sessions, once it is as wanted.
    func list(_ what: String = "list", until condition: ([String: JSON]) -> Bool = { _ in true }) async throws -> [JSON] {
        try await wait(for: what) {
            guard let list = last("sessions")?["sessions"] as? [JSON] else { return nil }
            let byName = Dictionary(list.compactMap { one in (one["name"] as? String).map { ($0, one) } }) { $1 }
            return condition(byName) ? list : nil
        }
    }

    /// The state a session has in the list, once it has this one.
    func state(_ name: String, becomes state: String) async throws {
        _ = try await list("'\(name)' that is \(state)") { $0[name]?["state"] as? String == state }
    }

    /// A session, once its last event is as wanted.
    func session(_ name: String, _ what: String = "session", until condition: (JSON) -> Bool = { _ in true }) async throws -> JSON {
        try await wait(for: "'\(name)': \(what)") {
            guard let session = last("session", where: { $0["name"] as? String == name }) else { return nil }
            return condition(session) ? session : nil
        }
    }
}

extension JSON {
    /// A volume of a session.
    func volume(_ index: Int = 0) -> JSON? { (self["volumes"] as? [JSON])?.first { $0["index"] as? Int == index } }
    var completeness: JSON? { self["completeness"] as? JSON }
}
