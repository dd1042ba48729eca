/// The bounds on callers that nobody vouches for yet.
package struct AdmissionLimits: Sendable, Equatable {
    /// Handshakes that one address may try at once.
    package var addressBurst = 16.0
    /// Handshakes a second that one address may go on trying. Each costs a key derivation of about 3 ms.
    package var addressPerSecond = 4.0
    /// Handshakes that all addresses together may try at once.
    package var totalBurst = 48.0
    /// Handshakes a second that all addresses together may go on trying; addresses with a verified session do not need one of these.
    package var totalPerSecond = 12.0
    /// Connections that stand and have not said a verified hello. One more, and the oldest of the busiest address goes.
    package var silentCount = 16
    /// Refusals between two looks, 50 ms or so, that make an address one that floods.
    package var floodCount = 8
    /// Time for which the handshakes of such an address are dropped unseen.
    package var floodPause = Duration.seconds(1)
    /// Addresses that are remembered.
    package var addressCount = 4096

    /// The defaults.
    package init() {}
}

/// Decides which callers get as far as a key derivation, and which silent connections make room.
///
/// It has no clock: time comes in with every call, and never runs backwards. A caller costs its address a token, which comes back
/// once the caller has said a verified hello; so the honest sites behind one address never run out for each other.
package struct AdmissionLedger<Caller: Hashable & Sendable, Address: Hashable & Sendable>: Sendable {
    private struct Bucket: Sendable {
        var tokens: Double
        var time: Duration

        mutating func refill(_ burst: Double, _ perSecond: Double, now: Duration) {
            tokens = min(burst, tokens + max(0, (now - time) / .seconds(1)) * perSecond)
            time = max(time, now)
        }
    }
    private struct Standing: Sendable {
        var bucket: Bucket
        /// A session from here has said a verified hello.
        var isKnown = false
        var callerCount = 0
        /// Refused since the last look.
        var refusedCount = 0
        var floodsUntil = Duration.zero
    }
    private struct Entry: Sendable {
        let address: Address
        /// It took one of the tokens that all addresses share.
        let isCommon: Bool
        /// In the order in which connections came to stand; nil before.
        var established: Int?
        var isVerified = false
    }

    private let limits: AdmissionLimits
    private var addresses: [Address: Standing] = [:]
    private var entries: [Caller: Entry] = [:]
    private var total: Bucket
    private var establishedCount = 0
    private var nextSweep = Duration.zero

    package init(_ limits: AdmissionLimits = AdmissionLimits(), now: Duration) {
        self.limits = limits
        total = Bucket(tokens: limits.totalBurst, time: now)
    }

    /// True if a caller may go on to the key derivation; it is on the books from then on.
    package mutating func admit(_ caller: Caller, from address: Address, now: Duration) -> Bool {
        total.refill(limits.totalBurst, limits.totalPerSecond, now: now)
        guard addresses[address] != nil || makeRoom(now: now) else { return false }
        var state = addresses[address] ?? Standing(bucket: Bucket(tokens: limits.addressBurst, time: now))
        state.bucket.refill(limits.addressBurst, limits.addressPerSecond, now: now)
        defer { addresses[address] = state }
        guard state.bucket.tokens >= 1, state.isKnown || total.tokens >= 1 else {
            state.refusedCount += 1
            return false
        }
        state.bucket.tokens -= 1
        if !state.isKnown { total.tokens -= 1 }
        state.callerCount += 1
        entries[caller] = Entry(address: address, isCommon: !state.isKnown)
        return true
    }

    /// A caller's connection stands. Returns the one that has to make room for it.
    package mutating func establish(_ caller: Caller) -> Caller? {
        guard entries[caller]?.established == nil else { return nil }
        entries[caller]?.established = establishedCount
        establishedCount += 1
        let silent = entries.filter { $0.value.established != nil && !$0.value.isVerified }
        guard silent.count > limits.silentCount else { return nil }
        let counts = silent.values.reduce(into: [:]) { $0[$1.address, default: 0] += 1 }
        return silent.min {
            (counts[$1.value.address] ?? 0, $0.value.established ?? 0) < (counts[$0.value.address] ?? 0, $1.value.established ?? 0)
        }?
        .key
    }

    /// A caller has said a verified hello: it counts no more.
    package mutating func verify(_ caller: Caller) {
        guard let entry = entries[caller], !entry.isVerified else { return }
        entries[caller]?.isVerified = true
        addresses[entry.address]?.isKnown = true
        giveBack(entry)
    }

    /// A caller is gone, or never got in.
    package mutating func remove(_ caller: Caller) {
        guard let entry = entries.removeValue(forKey: caller) else { return }
        addresses[entry.address]?.callerCount -= 1
    }

    /// Addresses that are refused so often that it is not worth looking at what they send for a while; at most `limit`.
    package mutating func flooding(limit: Int, now: Duration) -> Set<Address> {
        for (address, state) in addresses where state.refusedCount > 0 {
            addresses[address]?.refusedCount = 0
            if state.refusedCount >= limits.floodCount { addresses[address]?.floodsUntil = now + limits.floodPause }
        }
        return Set(addresses.lazy.filter { $0.value.floodsUntil > now }.prefix(limit).map(\.key))
    }

    private mutating func giveBack(_ entry: Entry) {
        guard let tokens = addresses[entry.address]?.bucket.tokens else { return }
        addresses[entry.address]?.bucket.tokens = min(limits.addressBurst, tokens + 1)
        if entry.isCommon { total.tokens = min(limits.totalBurst, total.tokens + 1) }
    }

    /// Forgets addresses that have nothing to answer for; true if there is room for one more.
    private mutating func makeRoom(now: Duration) -> Bool {
        guard addresses.count >= limits.addressCount else { return true }
        // Seldom: with so many addresses about, looking through them is work too.
        guard now >= nextSweep else { return false }
        nextSweep = now + .seconds(1)
        // The known ones go last: what they gain by being known is what a crowd of addresses would take.
        for isKnown in [false, true] {
            for (address, state) in addresses where state.isKnown == isKnown && state.callerCount == 0 {
                var bucket = state.bucket
                bucket.refill(limits.addressBurst, limits.addressPerSecond, now: now)
                if bucket.tokens >= limits.addressBurst { addresses[address] = nil }
            }
            if addresses.count < limits.addressCount { return true }
        }
        return false
    }
}
