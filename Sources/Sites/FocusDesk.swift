internal import Synchronization
public import VolumeModel
internal import WireFormat

/// Where those who look at what arrives say what they want to see next, and the sessions that arrive find it.
public final class FocusDesk: Sendable {
    /// What becomes of a wish.
    public enum Answer: Sendable, Equatable {
        /// It goes to the sender, under this number.
        case asked(number: UInt32)
        /// It does not.
        case refused(String)
    }

    struct Wish: Sendable {
        let focus: Focus
        let asked: ContinuousClock.Instant
    }
    /// What wishes are checked against.
    struct Volumes: Sendable {
        let shapes: [Shape]
        let isExactPlanned: Bool
    }

    private struct Session: Sendable {
        var volumes: Volumes
        var wishes: [Wish] = []
    }
    private let sessions = Mutex<[String: Session]>([:])

    /// A desk without wishes.
    public init() {}

    /// Asks for a box of a volume of a session at the quality of a region of interest, ahead of everything that is not one.
    /// - Parameters:
    ///   - volume: its place in the manifest.
    ///   - box: voxels, z over stacked slices of all time points.
    public func ask(session: String, volume: Int, box: Box) -> Answer {
        sessions.withLock { sessions in
            guard let known = sessions[session] else { return .refused("no such session is being received") }
            guard known.volumes.shapes.indices.contains(volume), known.volumes.shapes[volume].stackedBox.contains(box) else {
                return .refused("the box reaches out of the volume")
            }
            guard known.volumes.isExactPlanned else { return .refused("the sender was told to send previews only") }
            guard known.wishes.count < Focus.limit else { return .refused("\(Focus.limit) wishes are the most a session takes") }
            let number = UInt32(known.wishes.count + 1)
            let wish = Wish(focus: Focus(number: number, volume: UInt8(volume), box: box), asked: .now)
            sessions[session]?.wishes.append(wish)
            return .asked(number: number)
        }
    }

    /// A session's volumes are known: wishes are taken; those of an earlier connection stand.
    func open(_ session: String, _ volumes: Volumes) {
        sessions.withLock { $0[session, default: Session(volumes: volumes)].volumes = volumes }
    }

    /// A session is complete, or is not received any more.
    func close(_ session: String) { sessions.withLock { $0[session] = nil } }

    func wishes(of session: String, after number: Int) -> ArraySlice<Wish> {
        sessions.withLock { $0[session]?.wishes.dropFirst(number) ?? [] }
    }
}
