public import Profiles
public import StreamSession

extension SessionTiming {
    /// The intervals a transport profile sets; the rest are the defaults.
    public init(_ transport: TransportProfile) {
        self.init()
        stalledAfter = transport.stalledAfter
        silenceLimit = transport.silenceLimit
        resumePatience = transport.resumePatience
        fullPatience = transport.connectPatience
    }
}
