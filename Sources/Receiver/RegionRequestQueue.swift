internal import Synchronization
package import VolumeModel
internal import WireFormat

/// The one store of region requests: those who look put them in, and the sessions that receive take them out. It alone admits.
package final class RegionRequestQueue: Sendable {
    /// The outcome of asking.
    package enum Response: Sendable, Equatable {
        /// It goes to the sender, under this number.
        case asked(number: UInt32)
        /// As many as may be are not answered yet.
        case busy
        /// It does not go.
        case refused(String)
    }

    /// The facts that requests are checked against.
    package struct Volumes: Sendable, Equatable {
        let shapes: [Shape]
        let isExactPlanned: Bool
        package init(shapes: [Shape], isExactPlanned: Bool) {
            self.shapes = shapes
            self.isExactPlanned = isExactPlanned
        }
    }

    private struct Session: Sendable {
        let volumes: Volumes
        var requests: [RegionRequest] = []
        var openCount: Int { requests.count { $0.state == .asked } }
    }
    private struct State: Sendable {
        var sessions: [String: Session] = [:]
        /// Sessions without a connection, the one that lost it last at the end.
        var disconnected: [String] = []
    }
    private let state = Mutex(State())

    /// The most requests of a session that wait for their answer.
    package static let openLimit = 4
    /// The most sessions without a connection that are remembered: their senders may come back, and may never.
    private static let disconnectedLimit = 64

    /// A queue without requests.
    package init() {}

    /// Asks for a box of a volume of a session at the quality of a region of interest, ahead of everything that is not one. While the
    /// session's connection is lost the request waits for the next one.
    /// - Parameters:
    ///   - volume: its index in the manifest.
    ///   - timepoint: from 0.
    ///   - box: voxels, z over the slices of one time point.
    package func ask(session: String, volume: Int, timepoint: Int = 0, box: Box) -> Response {
        state.withLock { state in
            guard let known = state.sessions[session] else { return .refused("no such session is being received") }
            let number = UInt32(known.requests.count + 1)
            guard known.volumes.shapes.indices.contains(volume),
                let request = RegionRequest(
                    number: number, volume: volume, timepoint: timepoint, box: box, shape: known.volumes.shapes[volume])
            else { return .refused("the box reaches out of the volume") }
            guard known.volumes.isExactPlanned else { return .refused("the sender was told to send previews only") }
            guard known.requests.count < Focus.limit else {
                return .refused("\(Focus.limit) region requests are the most a session takes")
            }
            guard known.openCount < Self.openLimit else { return .busy }
            state.sessions[session]?.requests.append(request)
            return .asked(number: number)
        }
    }

    /// Opens a session whose volumes are known. Requests of an earlier connection stand where it had the same volumes.
    package func open(_ session: String, _ volumes: Volumes) {
        state.withLock { state in
            state.disconnected.removeAll { $0 == session }
            if state.sessions[session]?.volumes != volumes { state.sessions[session] = Session(volumes: volumes) }
        }
    }

    /// Notes that a session has lost its connection; its sender may come back.
    package func disconnect(_ session: String) {
        state.withLock { state in
            guard state.sessions[session] != nil else { return }
            state.disconnected.removeAll { $0 == session }
            state.disconnected.append(session)
            if state.disconnected.count > Self.disconnectedLimit { state.sessions[state.disconnected.removeFirst()] = nil }
        }
    }

    /// Closes a session that is complete: there is nothing to ask for any more.
    package func close(_ session: String) {
        state.withLock { state in
            state.disconnected.removeAll { $0 == session }
            state.sessions[session] = nil
        }
    }

    /// Notes that a request is shown, which makes room for another.
    package func record(_ shown: RegionRequest, of session: String) {
        state.withLock { state in
            guard
                let index = state.sessions[session]?.requests.firstIndex(where: {
                    $0.number == shown.number && $0.state == .asked
                })
            else { return }
            state.sessions[session]?.requests[index].state = shown.state
        }
    }

    /// The requests of a session that came after the first so many.
    package func requests(of session: String, after count: Int) -> ArraySlice<RegionRequest> {
        state.withLock { $0.sessions[session]?.requests.dropFirst(count) ?? [] }
    }
}
