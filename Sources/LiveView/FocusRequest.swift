internal import VolumeModel

/// What comes of asking a sender for a part of a volume.
public enum FocusOutcome: Sendable, Equatable {
    /// The sender is asked; its answers go by this number.
    case asked(id: Int)
    /// It is not, and why: one sentence for a person.
    case refused(String)
}

/// How far a request for a part of a volume has come.
public enum FocusState: Sendable, Equatable {
    /// On its way to the sender.
    case asked
    /// The sender has taken it up; voxels are on their way.
    case onItsWay
    /// Every voxel of the box is at the quality of a region of interest, so many seconds after it was asked for.
    case done(seconds: Double)
    /// It will not come, and why.
    case refused(String)

    /// The name in JSON.
    var name: String {
        switch self {
        case .asked: "asked"
        case .onItsWay: "on_its_way"
        case .done: "done"
        case .refused: "refused"
        }
    }
}

/// A part of a volume that somebody at a page has asked for.
struct FocusRequest: Sendable {
    let id: Int
    let volume: Int
    let box: Box
    var state: FocusState
}
