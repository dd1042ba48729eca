internal import VolumeModel

/// A part of a volume that somebody at a page has asked for.
struct FocusRequest: Sendable {
    let id: Int
    let volume: Int
    let box: Box
    /// Seconds from when it was asked for until all of it was shown at the quality of a region of interest; nil until then.
    var seconds: Double?
}
