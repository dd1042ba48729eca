internal import CSRT
internal import Synchronization

/// Decides over callers before a connection is made: which passphrase one has to know, by the stream identifier it says in clear.
///
/// libsrt asks on the thread that serves every connection of the port, so the answer has to be at hand: nothing here waits.
public final class SRTAdmission: Sendable {
    private let passphrase: @Sendable (_ streamIdentifier: String) -> String?
    private let refused = Atomic<Int>(0)

    /// - Parameter passphrase: what a caller of that stream identifier has to know; nil refuses it.
    public init(passphrase: @escaping @Sendable (_ streamIdentifier: String) -> String?) { self.passphrase = passphrase }

    /// Callers refused here; those with a wrong passphrase are refused by libsrt and not counted.
    public var refusedCount: Int { refused.load(ordering: .relaxed) }

    func install(on socket: SRTSOCKET) throws(TransportError) {
        let status = srt_listen_callback(
            socket,
            { opaque, caller, _, _, identifier in
                guard let opaque else { return -1 }
                let admission = Unmanaged<SRTAdmission>.fromOpaque(opaque).takeUnretainedValue()
                return admission.admit(caller, identifier.map { String(cString: $0) } ?? "") ? 0 : -1
            }, Unmanaged.passUnretained(self).toOpaque())
        guard status == 0 else {
            throw TransportError(.cannotListen, "libsrt takes no listener's rule: \(SRTLibrary.lastErrorText)")
        }
    }

    private func admit(_ caller: SRTSOCKET, _ identifier: String) -> Bool {
        guard let passphrase = passphrase(identifier),
            (try? SRTOptionSetter(socket: caller).setPassphrase(passphrase)) != nil
        else {
            refused.add(1, ordering: .relaxed)
            // 1403: forbidden, in SRT's access control.
            srt_setrejectreason(caller, 1403)
            return false
        }
        return true
    }
}
