import Concurrency
import Receiver
import Foundation
import Profiles
import ProgressiveCoding
import SRTTransport
import Synchronization
import VolumeModel

/// A receiver in this process: `fovea receive` takes requests from a view alone.
final class FocusReceiver: Sendable {
    enum Happening: Sendable, Equatable {
        case milestone(Milestone)
        case focus(UInt32, RegionRequest.State)
        case ended(isComplete: Bool)
    }
    private final class Log: Sendable {
        let happenings = Mutex<[Happening]>([])
        func add(_ happening: Happening) { happenings.withLock { $0.append(happening) } }
    }

    let queue = RegionRequestQueue()
    let port: Int
    private let log = Log()
    private let task: Task<Void, Never>

    /// - Parameter request: asked for as soon as the regions of interest are there.
    init(_ scratch: Scratch, request: Box) async throws {
        var site = ReceivingSite(folder: scratch.file("in"), transport: TransportProfile())
        site.regionRequests = queue
        let listener = try site.listen(on: "127.0.0.1:0")
        port = Int(listener.port)
        let hasAsked = Asked()
        task = Task { [site, queue, log] in
            try? await site.run(listener, once: false, clock: Stopwatch()) { event in
                switch event {
                case .milestone(let milestone, let place, _, _):
                    log.add(.milestone(milestone))
                    if milestone == .roiComplete, hasAsked.first() {
                        _ = queue.ask(session: place.session, volume: place.index, box: request)
                    }
                case .focus(_, let request): log.add(.focus(request.number, request.state))
                case .ended(_, let result): log.add(.ended(isComplete: (try? result.get()) != nil))
                default: break
                }
            }
            await listener.close()
        }
    }

    /// A sender that goes on brings its milestones again.
    private final class Asked: Sendable {
        private let hasAsked = Mutex(false)
        func first() -> Bool {
            hasAsked.withLock { hasAsked in
                defer { hasAsked = true }
                return !hasAsked
            }
        }
    }

    var happenings: [Happening] { log.happenings.withLock { $0 } }

    /// The places of "shown" in what happened, and the errors that were said.
    var shown: [(index: Int, number: UInt32, maxAbsoluteError: Double)] {
        happenings.enumerated().compactMap { index, happening in
            if case .focus(let number, .shown(_, let error)) = happening { (index, number, error) } else { nil }
        }
    }

    func stop() async {
        task.cancel()
        await task.value
    }
}
