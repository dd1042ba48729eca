package import VolumeModel
internal import WireFormat

/// A box of one time point of a volume that somebody who looks at it wants to see next.
package struct RegionRequest: Sendable, Equatable {
    /// The way a request has come.
    package enum State: Sendable, Equatable {
        /// The sender is asked.
        case asked
        /// All of it is shown, at the quality of a region of interest or better; seconds since it was asked for.
        case shown(seconds: Double, maxAbsoluteError: Double)
    }

    /// Its number in the session, from 1.
    package let number: UInt32
    /// Its volume's index in the manifest.
    package let volume: Int
    /// Its time point, from 0.
    package let timepoint: Int
    /// Its voxels, z over the slices of one time point.
    package let box: Box
    /// The way it has come.
    public internal(set) var state = State.asked
    /// When it was made.
    let asked = ContinuousClock.now
    /// Its box at its time point, as the sender is asked for it.
    package let stackedBox: StackedBox

    /// Makes a request; nil when the box is none of the volume, or there is no such time point.
    package init?(number: UInt32, volume: Int, timepoint: Int, box: Box, shape: Shape) {
        guard let stackedBox = shape.stacked(box, timepoint: timepoint) else { return nil }
        self.number = number
        self.volume = volume
        self.timepoint = timepoint
        self.box = box
        self.stackedBox = stackedBox
    }

    /// The request as a datagram carries it.
    var focus: Focus { Focus(number: number, volume: UInt8(volume), box: stackedBox) }

    /// The same request, asked again on another connection.
    var askedAgain: RegionRequest {
        var asked = self
        asked.state = .asked
        return asked
    }

    /// The same request, shown.
    package func shown(seconds: Double, maxAbsoluteError: Double) -> RegionRequest {
        var shown = self
        shown.state = .shown(seconds: seconds, maxAbsoluteError: maxAbsoluteError)
        return shown
    }
}
