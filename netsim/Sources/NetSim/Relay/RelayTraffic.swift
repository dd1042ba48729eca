/// The traffic that a relay's loop carries: the descriptors that packets come from and go to, and the links in between.
protocol RelayTraffic: AnyObject {
    /// The descriptors to wait for. A change is seen before the next wait.
    var descriptors: [Int32] { get }

    /// When to come back at the latest, or `nil` when only a packet can bring work.
    var nextWakeTime: Duration? { get }

    /// Passes on what has left its link by `now`.
    func releaseDue(at now: Duration, recordingIn recorder: inout RelayRecorder)

    /// Takes in a bounded number of packets from each descriptor that has some.
    ///
    /// - Parameters:
    ///   - readable: For each of ``descriptors``, in their order, whether it has something.
    ///   - signals: Asked for cuts after each packet was read: one sent after a cut must not slip through.
    func receiveArrived(
        at now: Duration, readable: [Bool], heeding signals: RelaySignals, recordingIn recorder: inout RelayRecorder)

    /// Does what is due apart from packets.
    func keepHouse(at now: Duration, heeding commands: RelaySignals.Commands, recordingIn recorder: inout RelayRecorder)
}

/// Number of packets that a pass takes from one descriptor, so that one that floods delays neither the others nor `stop` for long.
let relayPacketsPerPass = 64
