internal import Foundation
internal import NetSim
internal import Profiles
internal import ProgressiveCoding
internal import SRTTransport
internal import Sites
internal import Synchronization
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
        let transport = TransportProfile()
        var receiver = ReceivingSite(folder: folder, transport: transport)
        receiver.metrics = show?.metrics
        let listener = try receiver.listen(on: "127.0.0.1:0")
        let relay = try UDPRelay(
            listen: NetSim.HostPort(host: "127.0.0.1", port: 0), to: NetSim.HostPort(host: "127.0.0.1", port: listener.port),
            link: link, seed: seed)
        try relay.start()
        defer { relay.stop() }
        let session = Name.fresh()
        let sender = SendingSite(
            preparation: preparation, session: session, destination: "127.0.0.1:\(relay.boundPort)", transport: transport)
        let recorder = SliceRecorder()
        let summaries = Mutex<ReceivingSite.Summary?>(nil)
        let start = Stopwatch()
        async let receiving: Void = receiver.run(listener, once: true, clock: start) { event in
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
            case .milestone(let milestone, let place, let seconds):
                tell(milestone.rawValue, place, ["seconds_since_send": .number(seconds)])
            case .receipt(let place): tell("receipt", place)
            case .stalled, .resumed, .altered: break
            case .ended(_, let result): summaries.withLock { $0 = try? result.get() }
            }
        }
        let sent = try await sender.run(clock: start) { event in
            switch event {
            case .prepared(let prepared): if let remark = prepared.remark { console.remark(remark) }
            case .progress(let coded, let acknowledged, let isCoded):
                console.progress(
                    "\(order.rawValue): \(Text.bytes(acknowledged)) of \(Text.bytes(coded))\(isCoded ? "" : ", still coding")",
                    share: coded == 0 ? 0 : Double(acknowledged) / Double(coded))
            default: break
            }
        }
        try await receiving
        console.clearBar()
        await listener.close()
        let received = summaries.withLock { $0 } ?? ReceivingSite.Summary()
        return DemoRun(order: order, sent: sent, received: received, views: await recorder.finish(), region: await recorder.region)
    }
}
