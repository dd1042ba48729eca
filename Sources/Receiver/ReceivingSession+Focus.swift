internal import Concurrency
internal import Bytes
internal import Faults
internal import DecoderHost
internal import Journal
internal import ProgressiveCoding
internal import StreamSession
internal import VolumeModel
internal import WireFormat

/// Region requests of one connection: which have been asked, and which parts have come.
struct FocusProgress: Sendable {
    /// A request on its way.
    struct Open: Sendable {
        let request: RegionRequest
        var parts: Set<Int> = []
        var maxAbsoluteError = 0.0
    }
    var askedCount = 0
    var open: [UInt32: Open] = [:]
}

extension ReceivingSession {
    /// Tells whether a chunk is beyond the plan: an answer to a region request.
    func isFocus(_ ordinal: UInt32) -> Bool { decoder.map { ordinal > $0.manifest.tableOrdinal } ?? false }

    /// Tells whether a journal entry is about a chunk beyond the plan.
    func isOfFocus(_ entry: JournalEntry) -> Bool {
        switch entry {
        case .fragment(let ordinal, _, _, _), .dropped(let ordinal): isFocus(ordinal)
        case .begun, .stored: false
        }
    }

    /// Asks for what somebody wants to see, once it is known what there is.
    func askForFocus() -> [ReceiverSession.Event] {
        guard let queue = site.regionRequests, let decoder else { return [] }
        var events: [ReceiverSession.Event] = []
        for request in queue.requests(of: name, after: focus.askedCount) {
            focus.askedCount += 1
            guard decoder.layouts.indices.contains(request.volume) else { continue }
            onEvent(.focus(place(request.volume), request.askedAgain))
            // What the manifest alone makes exact needs no answer, and gets none.
            guard !decoder.layouts[request.volume].focusBoxes(request.stackedBox).isEmpty else {
                finish(request, seconds: 0, maxAbsoluteError: 0)
                continue
            }
            chunkDecoder.allow(voxels: request.box.voxelCount)
            focus.open[request.number] = FocusProgress.Open(request: request)
            events.append(.focus(request.focus))
        }
        return events
    }

    /// Decodes a part of an answer. It is not kept on disk: a request lives as long as those who look.
    func takeFocus(_ ordinal: UInt32, _ record: [UInt8], _ decoder: SessionDecoder) {
        // Everything is exact by then, and the volume is held by who writes it: a change would copy all of it.
        if case .storing = phase { return }
        tasks.append(
            Task { [mailbox] in
                do {
                    let (chunk, error) = try await decoder.applyFocus(record: record)
                    mailbox.put(.focused(ordinal, chunk, maxAbsoluteError: error))
                } catch let error as CodingError where error.code == .noRoom {
                    // What is only shown sooner by it is no reason to end the session.
                    mailbox.put(.focused(ordinal, nil, maxAbsoluteError: 0))
                } catch let error as FormatError where error.code == .digestMismatch {
                    mailbox.put(.damaged(ordinal, error))
                } catch {
                    mailbox.put(.failed(error))
                }
            })
    }

    /// A part is shown.
    func noteFocus(_ chunk: FocusChunk, maxAbsoluteError: Double) {
        onEvent(.shown(place(chunk.volume), chunk.box))
        folder?.refresh(chunk.volume, isAwaited: true)
        // A sender that outlived the program it answers may mean a request of that one, under the same number.
        guard var open = focus.open[chunk.focus], open.request.volume == chunk.volume, open.request.stackedBox.contains(chunk.box)
        else { return }
        open.parts.insert(chunk.part)
        open.maxAbsoluteError = max(open.maxAbsoluteError, maxAbsoluteError)
        focus.open[chunk.focus] = open.parts.count == chunk.partCount ? nil : open
        guard open.parts.count == chunk.partCount else { return }
        finish(open.request, maxAbsoluteError: open.maxAbsoluteError)
    }

    /// Everything is exact: a request that came too late to be answered has what it asked for.
    func fulfilFocus() {
        for (_, open) in focus.open.sorted(by: { $0.key < $1.key }) { finish(open.request, maxAbsoluteError: 0) }
        focus.open = [:]
    }

    private func finish(_ request: RegionRequest, seconds: Double? = nil, maxAbsoluteError: Double) {
        let seconds = seconds ?? request.asked.duration(to: .now).inSeconds
        let shown = request.shown(seconds: seconds, maxAbsoluteError: maxAbsoluteError)
        site.regionRequests?.record(shown, of: name)
        onEvent(.focus(place(request.volume), shown))
    }
}
