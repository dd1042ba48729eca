internal import Synchronization
public import VolumeModel
package import WireFormat

/// The place where those who look at what arrives say what they want to see next, and the sessions that arrive find it.
public final class FocusDesk: Sendable {
    /// The outcome of a wish.
    public enum Answer: Sendable, Equatable {
        /// It goes to the sender, under this number.
        case asked(number: UInt32)
        /// It does not.
        case refused(String)
    }

    package struct Wish: Sendable {
        package let focus: Focus
        let asked: ContinuousClock.Instant
    }
    /// The facts that wishes are checked against.
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
        var wishes: [Wish] = []
    }
    private struct State: Sendable {
        var sessions: [String: Session] = [:]
        /// Sessions without a connection, the one that lost it last at the end.
        var parted: [String] = []
    }
    private let state = Mutex(State())

    /// The most sessions without a connection that are remembered: their senders may come back, and may never.
    private static let partedLimit = 64

    /// A desk without wishes.
    public init() {}

    /// Asks for a box of a volume of a session at the quality of a region of interest, ahead of everything that is not one. While the
    /// session's connection is lost the wish waits for the next one.
    /// - Parameters:
    ///   - volume: its place in the manifest.
    ///   - box: voxels, z over stacked slices of all time points.
    public func ask(session: String, volume: Int, box: Box) -> Answer {
        state.withLock { state in
            guard let known = state.sessions[session] else { return .refused("no such session is being received") }
            guard known.volumes.shapes.indices.contains(volume), known.volumes.shapes[volume].stackedBox.contains(box) else {
                return .refused("the box reaches out of the volume")
            }
            guard known.volumes.isExactPlanned else { return .refused("the sender was told to send previews only") }
            guard known.wishes.count < Focus.limit else { return .refused("\(Focus.limit) wishes are the most a session takes") }
            let number = UInt32(known.wishes.count + 1)
            let wish = Wish(focus: Focus(number: number, volume: UInt8(volume), box: box), asked: .now)
            state.sessions[session]?.wishes.append(wish)
            return .asked(number: number)
        }
    }

    /// A session's volumes are known: wishes are taken. Those of an earlier connection stand where it had the same volumes.
    package func open(_ session: String, _ volumes: Volumes) {
        state.withLock { state in
            state.parted.removeAll { $0 == session }
            if state.sessions[session]?.volumes != volumes { state.sessions[session] = Session(volumes: volumes) }
        }
    }

    /// A session has lost its connection; its sender may come back.
    package func part(_ session: String) {
        state.withLock { state in
            guard state.sessions[session] != nil else { return }
            state.parted.removeAll { $0 == session }
            state.parted.append(session)
            if state.parted.count > Self.partedLimit { state.sessions[state.parted.removeFirst()] = nil }
        }
    }

    /// A session is complete: there is nothing to wish for any more.
    package func close(_ session: String) {
        state.withLock { state in
            state.parted.removeAll { $0 == session }
            state.sessions[session] = nil
        }
    }

    package func wishes(of session: String, after number: Int) -> ArraySlice<Wish> {
        state.withLock { $0.sessions[session]?.wishes.dropFirst(number) ?? [] }
    }
}
