internal import Faults
internal import CSRT
internal import Glibc
internal import Synchronization

/// Decides over callers before a connection is made: which passphrase one has to know, by the stream identifier it says in clear,
/// and whether its address has tried too often.
///
/// libsrt asks on the thread that serves every connection of the port, so the answer has to be at hand: nothing here waits.
package final class SRTAdmission: Sendable {
    /// The requirement on callers of some stream identifier: what they have to know.
    package enum Requirement: Sendable, Equatable {
        /// Nothing; it must not encrypt either.
        case nothing
        case passphrase(String)
        /// No such caller gets in.
        case refused
    }

    /// One that was let in no further.
    package struct Refused: Sendable, Equatable {
        package let reason: SRTRefusal
        /// Its address, without a port: not proven beyond the handshake's cookie.
        package let address: String

        package init(reason: SRTRefusal, address: String) {
            self.reason = reason
            self.address = address
        }
    }

    private struct State: Sendable {
        var ledger: AdmissionLedger<SRTSOCKET, CallerAddress>
        /// Admitted ones of which libsrt has yet to say whether they got in.
        var unsettled: [SRTSOCKET: CallerAddress] = [:]
        var refused: [Refused] = []
        var refusedCounts: [SRTRefusal: Int] = [:]
    }

    private let requirement: @Sendable (_ streamIdentifier: String) -> Requirement
    private let origin = ContinuousClock.now
    private let state: Mutex<State>
    /// So many refusals wait to be asked for; of more only the number is known.
    private static let refusedLimit = 64

    /// - Parameter requirement: what a caller of that stream identifier has to know.
    package init(
        limits: AdmissionLimits = AdmissionLimits(), requirement: @escaping @Sendable (_ streamIdentifier: String) -> Requirement
    ) {
        self.requirement = requirement
        state = Mutex(State(ledger: AdmissionLedger(limits, now: .zero)))
    }

    /// Callers refused so far.
    package var refusedCounts: [SRTRefusal: Int] { state.withLock { $0.refusedCounts } }

    /// Some of the callers refused since it was asked last.
    package func takeRefused() -> [Refused] {
        state.withLock { state in
            defer { state.refused = [] }
            return state.refused
        }
    }

    /// Notes a caller that the application above refused.
    package func note(_ reason: SRTRefusal, address: String) {
        state.withLock { Self.note(reason, address, in: &$0) }
    }

    func install(on socket: SRTSOCKET) throws(TransportError) {
        let status = srt_listen_callback(
            socket,
            { opaque, caller, _, address, identifier in
                guard let opaque else { return -1 }
                let admission = Unmanaged<SRTAdmission>.fromOpaque(opaque).takeUnretainedValue()
                let from = address.map { CallerAddress($0) } ?? CallerAddress(version: 0, bits: 0)
                guard let reason = admission.admit(caller, from, identifier.map { String(cString: $0) } ?? "") else { return 0 }
                srt_setrejectreason(caller, reason.code)
                return -1
            }, Unmanaged.passUnretained(self).toOpaque())
        guard status == 0 else {
            throw TransportError(.cannotListen, "libsrt takes no listener's rule: \(SRTLibrary.lastErrorText)")
        }
    }

    /// Why a caller does not get in; nil when it may go on to prove what it knows.
    private func admit(_ caller: SRTSOCKET, _ address: CallerAddress, _ identifier: String) -> SRTRefusal? {
        let now = ContinuousClock.now - origin
        // Before anything that costs: a flood is mostly this line.
        let isAdmitted = state.withLock { state in
            guard state.ledger.admit(caller, from: address, now: now) else {
                Self.note(.flood, address, in: &state)
                return false
            }
            return true
        }
        guard isAdmitted else { return .flood }
        switch requirement(identifier) {
        case .nothing: break
        case .passphrase(let passphrase):
            guard (try? SRTOptionSetter(socket: caller).setPassphrase(passphrase)) != nil else { fallthrough }
        case .refused:
            state.withLock { state in
                state.ledger.remove(caller)
                Self.note(.unknownSender, address, in: &state)
            }
            return .unknownSender
        }
        state.withLock { $0.unsettled[caller] = address }
        return nil
    }

    private static func note(_ reason: SRTRefusal, _ address: some CustomStringConvertible, in state: inout State) {
        state.refusedCounts[reason, default: 0] += 1
        if state.refused.count < refusedLimit { state.refused.append(Refused(reason: reason, address: address.description)) }
    }

    /// Finds out which of those admitted have got in: libsrt checks what they know after it has asked here, and does not say. Of too many silent
    /// connections it closes one.
    func settle() {
        let waiting = state.withLock { $0.unsettled }
        for (caller, address) in waiting {
            switch srt_getsockstate(caller) {
            case SRTS_INIT, SRTS_OPENED, SRTS_LISTENING, SRTS_CONNECTING: continue
            case SRTS_CONNECTED, SRTS_BROKEN, SRTS_CLOSING:
                let victim = state.withLock { state -> SRTSOCKET? in
                    guard state.unsettled.removeValue(forKey: caller) != nil else { return nil }
                    guard let victim = state.ledger.establish(caller) else { return nil }
                    Self.note(.silent, address, in: &state)
                    state.ledger.remove(victim)
                    return victim
                }
                // Whoever serves it sees a connection that is gone.
                if let victim { srt_close(victim) }
            default:
                state.withLock { state in
                    guard state.unsettled.removeValue(forKey: caller) != nil else { return }
                    state.ledger.remove(caller)
                    Self.note(.wrongSecret, address, in: &state)
                }
            }
        }
    }

    /// Addresses whose handshakes the kernel is to drop for a while.
    func flooding() -> Set<CallerAddress> {
        let now = ContinuousClock.now - origin
        return state.withLock { $0.ledger.flooding(limit: HandshakeFilter.addressLimit, now: now) }
    }

    /// A caller has said a verified hello.
    func verify(_ caller: SRTSOCKET) { state.withLock { $0.ledger.verify(caller) } }

    /// A caller's connection is over.
    func remove(_ caller: SRTSOCKET) {
        state.withLock { state in
            state.unsettled[caller] = nil
            state.ledger.remove(caller)
        }
    }
}
