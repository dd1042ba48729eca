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
    /// Asks for what somebody wants to see, once it is known what there is.
    mutating func askForFocus() -> [ReceiverSession.Event] {
        guard let desk = site.focusDesk, let decoder else { return [] }
        var events: [ReceiverSession.Event] = []
        for wish in desk.wishes(of: name, after: focus.askedCount) {
            focus.askedCount += 1
            let volume = Int(wish.focus.volume)
            let place = place(volume)
            onEvent(.focus(place, number: wish.focus.number, wish.focus.box, .asked))
            // What the manifest alone makes exact needs no answer, and gets none.
            guard !decoder.layouts[volume].focusBoxes(wish.focus.box).isEmpty else {
                onEvent(.focus(place, number: wish.focus.number, wish.focus.box, .shown(seconds: 0, maxAbsoluteError: 0)))
                continue
            }
            focus.open[wish.focus.number] = FocusProgress.Open(wish: wish)
            events.append(.focus(wish.focus))
        }
        return events
    }

    /// Decodes a part of an answer. It is not kept on disk: a wish lives as long as those who look.
    mutating func takeFocus(_ ordinal: UInt32, _ record: [UInt8], _ decoder: SessionDecoder) {
        tasks.append(
            Task { [mailbox] in
                do {
                    let (chunk, error) = try await decoder.applyFocus(record: record)
                    mailbox.put(.focused(ordinal, chunk, maxAbsoluteError: error))
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
        guard var open = focus.open[chunk.focus] else { return }
        open.parts.insert(chunk.part)
        open.maxAbsoluteError = max(open.maxAbsoluteError, maxAbsoluteError)
        focus.open[chunk.focus] = open.parts.count == chunk.partCount ? nil : open
        guard open.parts.count == chunk.partCount else { return }
        let seconds = open.wish.asked.duration(to: .now).inSeconds
        onEvent(
            .focus(
                place(chunk.volume), number: chunk.focus, open.wish.focus.box,
                .shown(seconds: seconds, maxAbsoluteError: open.maxAbsoluteError)))
    }
}
