package import Profiles
package import StreamSession

extension SessionTiming {
    /// The intervals a transport profile sets; the rest are the defaults.
    package init(_ transport: TransportProfile) {
        self.init()
        stalledAfter = transport.stalledAfter
        silenceLimit = transport.silenceLimit
        resumePatience = transport.resumePatience
        fullPatience = transport.connectPatience
    }
}
