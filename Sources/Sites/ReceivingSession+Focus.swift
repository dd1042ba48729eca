internal import DecoderHost
internal import Journal
internal import ProgressiveCoding
internal import StreamSession
internal import VolumeModel
internal import WireFormat

/// Wishes of one connection: which have been asked, and which parts have come.
struct FocusProgress: Sendable {
    /// A wish on its way.
    struct Open: Sendable {
        let wish: FocusDesk.Wish
        var parts: Set<Int> = []
        var maxAbsoluteError = 0.0
    }
    var askedCount = 0
    var open: [UInt32: Open] = [:]
}

extension ReceivingSession {
    /// Tells whether a chunk is beyond the plan: an answer to a wish.
    func isFocus(_ ordinal: UInt32) -> Bool { decoder.map { ordinal > $0.manifest.tableOrdinal } ?? false }

    /// Tells whether a journal entry is about a chunk beyond the plan.
    func isOfFocus(_ entry: JournalEntry) -> Bool {
        switch entry {
        case .fragment(let ordinal, _, _, _), .dropped(let ordinal): isFocus(ordinal)
        case .begun, .stored: false
        }
    }

    /// Asks for what somebody wants to see, once it is known what there is.
    mutating func askForFocus() -> [ReceiverSession.Event] {
        guard let desk = site.focusDesk, let decoder else { return [] }
        var events: [ReceiverSession.Event] = []
        for wish in desk.wishes(of: name, after: focus.askedCount) {
            focus.askedCount += 1
            let volume = Int(wish.focus.volume)
            guard decoder.layouts.indices.contains(volume) else { continue }
            let place = place(volume)
            onEvent(.focus(place, number: wish.focus.number, wish.focus.box, .asked))
            // What the manifest alone makes exact needs no answer, and gets none.
            guard !decoder.layouts[volume].focusBoxes(wish.focus.box).isEmpty else {
                onEvent(.focus(place, number: wish.focus.number, wish.focus.box, .shown(seconds: 0, maxAbsoluteError: 0)))
                continue
            }
            chunkDecoder.allow(voxels: wish.focus.box.voxelCount)
            focus.open[wish.focus.number] = FocusProgress.Open(wish: wish)
            events.append(.focus(wish.focus))
        }
        return events
    }

    /// Decodes a part of an answer. It is not kept on disk: a wish lives as long as those who look.
    mutating func takeFocus(_ ordinal: UInt32, _ record: [UInt8], _ decoder: SessionDecoder) {
        // Everything is exact by then, and the volume is held by who writes it: a change would copy all of it.
        guard storing == nil else { return }
        tasks.append(
            Task { [mailbox] in
                do {
                    let (chunk, error) = try await decoder.applyFocus(record: record)
                    mailbox.put(.focused(ordinal, chunk, maxAbsoluteError: error))
                } catch let error as CodingError where error.code == .noRoom {
                    // What is only shown sooner by it is no reason to end the session.
                    mailbox.put(.focused(ordinal, nil, maxAbsoluteError: 0))
                } catch let error as WireError where error.code == .digestMismatch {
                    mailbox.put(.damaged(ordinal, error))
                } catch {
                    mailbox.put(.failed(error))
                }
            })
    }

    /// A part is shown.
    mutating func noteFocus(_ chunk: FocusChunk, maxAbsoluteError: Double) {
        onEvent(.shown(place(chunk.volume), chunk.box))
        folder?.refresh(chunk.volume, isAwaited: true)
        // A sender that outlived the program it answers may mean a wish of that one, under the same number.
        guard var open = focus.open[chunk.focus], Int(open.wish.focus.volume) == chunk.volume,
            open.wish.focus.box.contains(chunk.box)
        else { return }
        open.parts.insert(chunk.part)
        open.maxAbsoluteError = max(open.maxAbsoluteError, maxAbsoluteError)
        focus.open[chunk.focus] = open.parts.count == chunk.partCount ? nil : open
        guard open.parts.count == chunk.partCount else { return }
        tell(open, maxAbsoluteError: open.maxAbsoluteError)
    }

    /// Everything is exact: a wish that came too late to be answered has what it wanted.
    mutating func fulfilFocus() {
        for (_, open) in focus.open.sorted(by: { $0.key < $1.key }) { tell(open, maxAbsoluteError: 0) }
        focus.open = [:]
    }

    private func tell(_ open: FocusProgress.Open, maxAbsoluteError: Double) {
        let wish = open.wish
        onEvent(
            .focus(
                place(Int(wish.focus.volume)), number: wish.focus.number, wish.focus.box,
                .shown(seconds: wish.asked.duration(to: .now).inSeconds, maxAbsoluteError: maxAbsoluteError)))
    }
}
