internal import Crypto

/// Which end made a datagram.
package enum Role: Sendable {
    /// The end that has volumes.
    case sender
    /// The end that gets them.
    case receiver
}

/// Keeps a session's datagrams to the two who share a secret: none can be altered, come twice, come back to the one who sent it,
/// or come from another session. It hides nothing; SRT's encryption does that, which for its part notices none of these.
///
/// One value belongs to one end of one session. A copy would give numbers a second time, and its peer refuse what has them.
package struct DatagramSeal: Sendable, CustomStringConvertible, CustomReflectable {
    /// Bytes that a seal adds: a counter (u32, most significant byte first) and the first 12 of an HMAC-SHA256 over datagram and
    /// counter.
    package static let byteCount = 16

    private static let counterByteCount = 4
    /// A forger's chance is one in 2^96 a datagram.
    private static let tagByteCount = 12

    // With the keys taken in already: that is half the work of a short datagram.
    private let own: HMAC<SHA256>
    private let peers: HMAC<SHA256>
    /// Wide enough to stand behind the last counter.
    private var nextCounter: UInt64 = 0
    private var window = ReplayWindow()

    /// The first stage, for the sender's hello and the receiver's welcome: keys from the secret and the sender's nonce. A
    /// receiver cannot tell a recorded hello from a new one; a sender takes no recorded welcome.
    package init(secret: Secret, role: Role, senderNonce: Nonce) {
        self.init(secret, role, salt: senderNonce.bytes, stage: "hello")
    }

    /// The second stage, for everything after: keys also from the receiver's nonce. Nothing that was recorded earlier is valid.
    package init(secret: Secret, role: Role, senderNonce: Nonce, receiverNonce: Nonce) {
        self.init(secret, role, salt: senderNonce.bytes + receiverNonce.bytes, stage: "session")
    }

    private init(_ secret: Secret, _ role: Role, salt: [UInt8], stage: String) {
        // A key for each direction: what comes back to its maker is sealed with the other one.
        func authenticator(_ direction: String) -> HMAC<SHA256> {
            let info = Array("fovea 1 \(stage) from \(direction)".utf8)
            return HMAC(key: HKDF<SHA256>.deriveKey(inputKeyMaterial: secret.key, salt: salt, info: info, outputByteCount: 32))
        }
        let sender = authenticator("sender")
        let receiver = authenticator("receiver")
        (own, peers) = role == .sender ? (sender, receiver) : (receiver, sender)
    }

    /// Seals a datagram for the peer: 16 bytes longer than it was. Empty once 2^32 have been sealed, since counters never come
    /// again; the session must end then.
    package mutating func seal(_ datagram: [UInt8]) -> [UInt8] {
        guard let counter = UInt32(exactly: nextCounter) else { return [] }
        nextCounter += 1
        var sealed: [UInt8] = []
        sealed.reserveCapacity(datagram.count + Self.byteCount)
        sealed += datagram
        for shift in stride(from: 24, through: 0, by: -8) { sealed.append(UInt8(truncatingIfNeeded: counter >> UInt32(shift))) }
        var authenticator = own
        authenticator.update(data: sealed)
        authenticator.finalize().withUnsafeBytes { sealed.append(contentsOf: $0.prefix(Self.tagByteCount)) }
        return sealed
    }

    /// The peer's datagram without its seal. Nil, and nothing changes, when it was altered, has come before, is older than the
    /// last 65536, or is none of the peer's in this stage of this session.
    package mutating func open(_ sealed: [UInt8]) -> [UInt8]? {
        let byteCount = sealed.count - Self.byteCount
        guard byteCount >= 0 else { return nil }
        let tagStart = byteCount + Self.counterByteCount
        let counter = sealed[byteCount..<tagStart].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        // First what costs least. Only once the tag is right may the counter move the window.
        guard window.isNew(counter) else { return nil }
        var authenticator = peers
        authenticator.update(data: sealed[..<tagStart])
        let difference = authenticator.finalize().withUnsafeBytes { tag in
            // All of it, however early it differs: the time it takes must not say how much of a forged tag is right.
            (0..<Self.tagByteCount).reduce(UInt8(0)) { $0 | (tag[$1] ^ sealed[tagStart + $1]) }
        }
        guard difference == 0 else { return nil }
        window.insert(counter)
        return Array(sealed[..<byteCount])
    }

    /// Passes over all counters before one, which a test of the last ones cannot use up.
    package mutating func skip(to counter: UInt32) { nextCounter = max(nextCounter, UInt64(counter)) }

    package var description: String { "DatagramSeal(...)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
