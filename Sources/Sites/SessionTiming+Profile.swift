internal import Profiles
internal import StreamSession

extension SessionTiming {
    /// The intervals a transport profile sets; the rest are the defaults.
    init(_ transport: TransportProfile) {
        self.init()
        stalledAfter = transport.stalledAfter
        silenceLimit = transport.silenceLimit
        resumePatience = transport.resumePatience
    }
}
