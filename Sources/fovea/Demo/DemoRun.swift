internal import Foundation
internal import NetSim
internal import Profiles
internal import ProgressiveCoding
internal import SRTTransport
internal import Sites
internal import Synchronization
internal import VolumeModel
internal import WireFormat

/// The two orders the demo compares.
enum TransmissionOrderChoice {
    case roiFirst, sliceOrder

    var order: TransmissionOrder { self == .roiFirst ? .roiFirst : .fifo }
    var name: String { self == .roiFirst ? "roi-first" : "fifo" }
}

/// One transfer of the demo: what arrived when, and how a slice looked on the way.
struct DemoRun: Sendable {
    let name: String
    let sent: SendingSite.Summary
    let received: ReceivingSite.Summary
    let frames: [SliceFrame]
    let region: Box?

    /// Sends through a relay to a receiver on this machine.
    static func perform(
        _ preparation: Preparation, name: String, link: LinkParameters, folder: String, seed: UInt64, console: Console,
        clock: Stopwatch
    ) async throws -> DemoRun {
        let transport = TransportProfile(bitsPerSecond: link.up.rateBitsPerSecond * TransportProfile.linkShare)
        let receiver = ReceivingSite(folder: folder, transport: transport)
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
            switch event {
            case .manifest(let session, let volume, _, let decoder):
                console.event(
                    "manifest",
                    ["t": .number(clock.seconds), "session": .text(session), "volume": .text(volume), "order": .text(name)])
                recorder.begin(decoder, at: start.seconds)
            case .applied: recorder.note(at: start.seconds)
            case .firstROIByte: console.event("first_roi_byte", ["t": .number(clock.seconds), "order": .text(name)])
            case .milestone(let milestone, _, let seconds):
                console.event(
                    milestone.rawValue, ["t": .number(clock.seconds), "seconds_since_send": .number(seconds), "order": .text(name)])
            case .receipt: console.event("receipt", ["t": .number(clock.seconds), "order": .text(name)])
            case .stalled, .resumed: break
            case .ended(let result): summaries.withLock { $0 = try? result.get() }
            }
        }
        let sent = try await sender.run(clock: start) { event in
            switch event {
            case .prepared(let prepared): if let remark = prepared.remark { console.remark(remark) }
            case .progress(let coded, let acknowledged, let isCoded):
                console.progress(
                    "\(name): \(Text.bytes(acknowledged)) of \(Text.bytes(coded))\(isCoded ? "" : ", still coding")",
                    share: coded == 0 ? 0 : Double(acknowledged) / Double(coded))
            default: break
            }
        }
        try await receiving
        console.clearBar()
        await listener.close()
        let received = summaries.withLock { $0 } ?? ReceivingSite.Summary()
        return DemoRun(name: name, sent: sent, received: received, frames: await recorder.finish(), region: await recorder.region)
    }
}
