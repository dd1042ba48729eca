internal import Bytes
internal import Secrecy
internal import WireFormat

/// Datagrams to bytes and back, with a seal on each where both ends share a secret.
///
/// Each end's first message is sealed by keys that come from the secret and the sender's random bytes alone; everything else by keys that both
/// ends' random bytes went into, so that nothing recorded earlier is taken again.
struct Channel: Sendable {
    private let secret: Secret?
    private let role: Role
    private var senderNonce: [UInt8] = []
    private var first: DatagramSeal?
    private var bound: DatagramSeal?

    init(secret: Secret?, role: Role) {
        self.secret = secret
        self.role = role
    }

    /// True when datagrams carry a seal.
    var isSealed: Bool { secret != nil }
    /// True when both ends' random bytes are known.
    var isBound: Bool { secret == nil || bound != nil }

    /// A connection begins with the sender's random bytes.
    mutating func begin(senderNonce: [UInt8]) {
        self.senderNonce = senderNonce
        bound = nil
        guard let secret, let nonce = Nonce(bytes: senderNonce) else { return }
        first = DatagramSeal(secret: secret, role: role, senderNonce: nonce)
    }

    /// The receiver's random bytes are known too.
    mutating func bind(receiverNonce: [UInt8]) {
        guard let secret, let nonce = Nonce(bytes: senderNonce), let other = Nonce(bytes: receiverNonce) else { return }
        bound = DatagramSeal(secret: secret, role: role, senderNonce: nonce, receiverNonce: other)
    }

    /// A datagram's bytes. Hello and welcome come before the keys that bind both ends.
    mutating func encode(_ datagram: Datagram) -> [UInt8] {
        let bytes = datagram.encoded()
        guard isSealed else { return bytes }
        switch datagram {
        case .hello, .welcome: return first?.seal(bytes) ?? []
        default: return bound?.seal(bytes) ?? first?.seal(bytes) ?? []
        }
    }

    /// Returns the datagram that bytes hold; nil when they are not the peer's.
    /// - Throws: `FormatError` for bytes of the peer's that are no datagram.
    mutating func decode(_ bytes: [UInt8]) throws(FormatError) -> Datagram? {
        guard isSealed else { return try Datagram(decoding: bytes) }
        if let plain = bound?.open(bytes) { return try Datagram(decoding: plain) }
        // A hello says itself by which keys it is to be opened.
        if role == .receiver, first == nil, bytes.count > DatagramSeal.byteCount,
            case .hello(let hello)? = try? Datagram(decoding: Array(bytes.dropLast(DatagramSeal.byteCount)))
        {
            begin(senderNonce: hello.nonce)
            if let plain = first?.open(bytes) { return try Datagram(decoding: plain) }
            first = nil
        } else if let plain = first?.open(bytes) {
            let datagram = try Datagram(decoding: plain)
            switch datagram {
            case .hello, .welcome, .abort: return datagram
            default: break
            }
        }
        return nil
    }
}
