package import Profiles
package import StreamSession

extension SessionTiming {
    /// The intervals a transport profile sets; the rest are the defaults.
    package init(_ transport: TransportProfile) {
        self.init()
        stalledAfter = transport.stalledAfter
        idleTimeout = transport.idleTimeout
        resumeTimeout = transport.resumeTimeout
        fullTimeout = transport.connectTimeout
    }
}
