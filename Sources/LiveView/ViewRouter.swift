internal import Receiver
internal import Foundation
internal import HTTPService
internal import ProgressiveCoding
internal import Synchronization
internal import VolumeModel
internal import WireFormat

/// Answers the view's requests.
///
/// | | |
/// |---|---|
/// | `/` and the page's files | a closed table |
/// | `/api/start` | what the page has to know first |
/// | `/events` | sessions, as they change: server-sent events, below |
/// | `POST /open` | opens a session for a page, below |
/// | `/volume/SESSION/INDEX` | what a volume of an open session is |
/// | `/volume/SESSION/INDEX/patches?epoch=E&part=P&from=R&t=T` | what has changed of it since a revision, in the regions of interest (part 0) or beyond (1): ``PatchWriter``; 409 where the volume began anew or was opened again |
/// | `/volume/SESSION/INDEX/file`, `/receipt/SESSION` | what is on disk, of any session in the folder |
/// | `POST /focus` | asks the sender for a part of a volume |
///
/// ## Events
/// - `view`: `{"view": WORD, "page": NUMBER}`, the first on each connection. Another word is another run of the server: load the page
///   anew. The number names this page in `POST /open`, for as long as the connection lasts; a new connection has a new one.
/// - `sessions`: `{"sessions": [{"name", "state", "begun": SECONDS, "is_live": BOOL, "is_open": BOOL}]}`, newest first, of every session
///   in the receiver's folder, also from before a restart. `begun` is in seconds since 1970. `is_live`: it is being received.
///   `is_open`: its volumes can be fetched now. Sent again, whole, whenever it changes.
/// - `session`: one open session, whole, whenever it changes: `name`, `state`, `message` (why it is `incomplete`, `failed` or
///   `unverified`; absent else), `begun`, `elapsed`, `is_live`, `is_open`, `is_altered`, `figures`, `focus`, and `volumes`, each with `index`, `name`,
///   `epoch`, `revisions`, `goal`, `state`, `is_exact`, `has_receipt`, `milestones`, `regions`, `background`, `shares` (of planned voxels
///   at base quality: `roi`, `background`), and `completeness`:
///   `{"exact_voxels": Int, "body_voxels": Int or null, "share": 0...1, "bytes": Int}`. A session that was closed comes once more, with
///   `is_open` false and no volumes.
/// - `beat`: nothing, after five seconds without another event. A page that hears nothing for twenty takes the connection for lost.
///
/// | state | |
/// |---|---|
/// | `receiving` | it arrives |
/// | `stalled` | it arrives, and nothing comes from its sender |
/// | `exact` | complete; every file has the digest of its receipt and of its source. `is_exact` is true of no other volume |
/// | `unverified` | complete and exact by its receipt, but its files were not compared since the receiver began, or have changed since; open it to know. After opening: its receipt bears no signature of this receiver's key, see `message` |
/// | `lossy` | complete, and not exact: as it was sent |
/// | `incomplete` | ended early; its sender may go on |
/// | `failed` | its files are not what the receipt says, or cannot be read: see `message` |
///
/// ## Opening
/// `POST /open` with `X-Fovea-Request: WORD` and `{"session": NAME, "page": NUMBER}` says which session a page shows: one at a time, none
/// with `"session": null`. Send it for every session that is chosen, live ones too, and again after each `view` event. The answer is the
/// session as in `session` events, its files read and compared; or 404 (no such session), 409 (no such page: wait for `view`), 413 (one
/// larger than may be open: offer its file), 503 (too much is open on other pages). A session that nobody shows is closed after half a
/// minute, or as soon as another needs its memory.
struct ViewRouter: Sendable {
    let store: LiveStore
    let access: ViewAccess
    let assets: ViewAssets
    let site: ReceivingSite
    let shelf: SessionShelf
    private let startWord = UUID().uuidString

    init(
        store: LiveStore, access: ViewAccess, assets: ViewAssets, site: ReceivingSite, shelf: SessionShelf
    ) {
        self.store = store
        self.shelf = shelf
        self.access = access
        self.assets = assets
        self.site = site
    }

    /// The policy on what a page of this server may do: run its own scripts and styles, and speak to this server. NiiVue's font and its
    /// pictures stand in its script as `data:` addresses.
    static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "connect-src 'self'",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    private static let guards: [(name: String, value: String)] = [
        ("Content-Security-Policy", policy), ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"), ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
    ]

    /// Answers a request.
    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        var response = access.refusal(request) ?? .notFound
        if access.refusal(request) == nil { response = await route(request) }
        response.headers += Self.guards
        return response
    }

    private func route(_ request: HTTPRequest) async -> HTTPResponse {
        let parts = request.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        if request.method == "POST" {
            guard request.path == "/focus" || request.path == "/open" else { return .notFound }
            guard access.isOwn(request) else { return .forbidden("this is for the view's own page\n") }
            return request.path == "/focus" ? focus(request) : await open(request)
        }
        guard request.method == "GET" || request.method == "HEAD" else { return .notFound }
        if let asset = assets.table[request.path] {
            return HTTPResponse(
                contentType: asset.contentType, headers: request.path == "/" ? access.cookieHeaders() : [], bytes: asset.bytes)
        }
        switch (parts.first, parts.count) {
        case ("api", 2) where parts[1] == "start":
            return json(StartJSON(view: startWord, requestWord: access.requestWord, canFocus: site.regionRequests != nil))
        case ("events", 1): return EventStream.response(store, view: startWord)
        case ("receipt", 2):
            guard let file = site.receipt(session: parts[1]) else { return .notFound }
            return StoredFile.response(file, contentType: "application/json", name: "\(parts[1]).receipt.json")
        case ("volume", 3...4):
            guard let index = Int(parts[2]), String(index) == parts[2] else { return .notFound }
            if parts.count == 4, parts[3] == "file" { return file(parts[1], index) }
            guard let volume = store.volume(session: parts[1], index: index) else { return .notFound }
            if parts.count == 3 { return json(VolumeMeta(volume, session: parts[1])) }
            return parts[3] == "patches" ? await patches(request, volume) : .notFound
        default: return .notFound
        }
    }

    private func file(_ session: String, _ index: Int) -> HTTPResponse {
        guard let volume = store.volumeName(session: session, index: index),
            let (name, file) = site.file(session: session, volume: volume)
        else { return .notFound }
        return StoredFile.response(file, contentType: "application/gzip", name: name)
    }

    private func open(_ request: HTTPRequest) async -> HTTPResponse {
        guard let question = try? JSONDecoder().decode(OpenQuestion.self, from: Data(request.body)) else {
            return HTTPResponse(status: "400 Bad Request", text: "session and page are what is asked for\n")
        }
        switch await store.open(question.session, page: question.page, from: shelf) {
        case .opened(let session): return json(SessionJSON(session))
        case .none: return json([String: String]())
        case .noSession: return .notFound
        case .noPage: return HTTPResponse(status: "409 Conflict", text: "there is no such page: follow the events again\n")
        case .tooLarge:
            return HTTPResponse(
                status: "413 Content Too Large",
                text: "its volumes take more than the \(store.openByteLimit) bytes that may be open; its files can be fetched\n")
        case .noRoom:
            return HTTPResponse(status: "503 Service Unavailable", text: "too much is open on other pages; close one of them\n")
        }
    }

    private func patches(_ request: HTTPRequest, _ volume: LiveVolume) async -> HTTPResponse {
        guard let epoch = request.parameter("epoch").flatMap(Int.init), let from = request.parameter("from").flatMap(Int.init),
            let timepoint = request.parameter("t").flatMap(Int.init), let part = request.parameter("part"),
            ["0", "1"].contains(part), from >= 0,
            (0..<volume.facts.shape.timepoints).contains(timepoint)
        else { return HTTPResponse(status: "400 Bad Request", text: "epoch, part (0 or 1), from and t are whole numbers\n") }
        // What the page has is of a volume that is no more.
        guard epoch == volume.epoch else { return HTTPResponse(status: "409 Conflict", text: "the volume began anew\n") }
        return HTTPResponse(
            contentType: "application/octet-stream",
            bytes:
                await PatchWriter.bytes(
                    of: volume, in: part == "0" ? volume.regions : volume.rest, since: from, timepoint: timepoint))
    }

    private func focus(_ request: HTTPRequest) -> HTTPResponse {
        guard let queue = site.regionRequests else {
            return HTTPResponse(status: "501 Not Implemented", text: "this receiver cannot ask senders for anything\n")
        }
        guard let question = try? JSONDecoder().decode(FocusQuestion.self, from: Data(request.body)), question.box.count == 6,
            question.box[0] < question.box[1], question.box[2] < question.box[3], question.box[4] < question.box[5],
            let box = try? Box(
                x: question.box[0]..<question.box[1], y: question.box[2]..<question.box[3], z: question.box[4]..<question.box[5]),
            let shape = store.volume(session: question.session, index: question.volume)?.facts.shape,
            shape.stacked(box, timepoint: question.timepoint ?? 0) != nil
        else { return HTTPResponse(status: "400 Bad Request", text: "the box is none of this volume\n") }
        switch queue.ask(
            session: question.session, volume: question.volume, timepoint: question.timepoint ?? 0, box: box)
        {
        case .busy: return HTTPResponse(status: "429 Too Many Requests", text: "wait until what was asked for has come\n")
        case .asked(let number): return json(FocusAnswer(id: Int(number)))
        case .refused(let reason): return HTTPResponse(status: "409 Conflict", text: reason + "\n")
        }
    }

    private func json(_ value: some Encodable) -> HTTPResponse {
        HTTPResponse(contentType: "application/json", bytes: PageJSON.line(value))
    }
}

private struct StartJSON: Encodable {
    let view: String
    let requestWord: String
    let canFocus: Bool
}

private struct FocusQuestion: Decodable {
    let session: String
    let volume: Int
    let timepoint: Int?
    let box: [Int]
}

private struct OpenQuestion: Decodable {
    let session: String?
    let page: Int
}

private struct FocusAnswer: Encodable {
    let id: Int
}

extension HTTPResponse {
    static let notFound = HTTPResponse(status: "404 Not Found", text: "there is nothing here\n")
}
