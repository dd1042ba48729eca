internal import FoveaKit
internal import Concurrency
internal import EncodingInput
internal import Receiver
internal import Sender
internal import Experiments
internal import Foundation
internal import NetSim
internal import Profiles
internal import ProgressiveCoding
internal import Terminal
internal import VolumeModel
internal import WireFormat

/// One transfer of the demo: what arrived when, and how a slice looked on the way.
struct DemoRun: Sendable {
    let order: TransmissionOrder
    let sent: SendingSite.Summary
    let received: ReceivingSite.Summary
    let views: [SliceView]
    let region: Box?

    /// Sends through a relay to a receiver on this machine.
    static func perform(
        _ preparation: Preparation, link: LinkParameters, folder: String, seed: UInt64, console: Console,
        clock: Stopwatch, show: DemoShow? = nil
    ) async throws -> DemoRun {
        let order = preparation.order
        var setup = RelayedTransfer.Setup(
            preparation: preparation, transport: TransportProfile(), link: link, seed: seed, folder: folder, session: Name.fresh())
        setup.metrics = show?.site.metrics
        setup.regionRequests = show?.site.regionRequests
        let recorder = SliceRecorder()
        let start = Stopwatch()
        let transfer = try await RelayedTransfer.perform(
            setup, clock: start,
            onSender: { event in
                switch event {
                case .prepared(let prepared, _): if let remark = prepared.remark { console.remark(remark) }
                case .progress(let progress):
                    console.progress(WorkProgress(progress, of: order.rawValue), ["order": .text(order.rawValue)])
                default: break
                }
            },
            onReceiver: { event in
                func tell(_ name: String, _ place: ReceivingSite.Place, _ more: [String: JSONValue] = [:]) {
                    let fields: [String: JSONValue] = [
                        "t": .number(clock.seconds), "session": .text(place.session), "volume": .text(place.volume),
                        "order": .text(order.rawValue),
                    ]
                    console.event(name, fields.merging(more) { $1 })
                }
                show?.onEvent(event)
                switch event {
                case .manifest(let place, let decoder):
                    tell("manifest", place)
                    recorder.begin(decoder, at: start.seconds)
                case .applied: recorder.note(at: start.seconds)
                case .firstROIByte(let place): tell("first_roi_byte", place)
                case .milestone(let milestone, let place, let seconds, let completeness):
                    tell(
                        milestone.rawValue, place,
                        ["seconds_since_send": .number(seconds), "completeness": .completeness(completeness)])
                case .receipt(let place): tell("receipt", place)
                case .stalled, .resumed, .altered, .shown, .focus, .progress, .refused, .ended: break
                }
            })
        console.finishProgress(order.rawValue)
        return DemoRun(
            order: order, sent: transfer.sent, received: transfer.received, views: await recorder.finish(),
            region: await recorder.region)
    }
}
