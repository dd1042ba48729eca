internal import Faults
internal import CSRT

/// The settings that decide how a connection behaves.
package struct SRTOptions: Sendable, Equatable {
    /// The most bits a second on the wire, IP and UDP headers and retransmissions included.
    package var maximumBitsPerSecond: Double
    /// The longest datagram, in bytes beyond IP's, UDP's and SRT's headers, ``datagramByteRange``. libsrt cuts longer messages and joins them at
    /// the other end; both ends keep to the smaller of their two.
    package var datagramByteCount = SRTConnection.messageByteLimit
    /// The lengths that a datagram may be limited to: with IPv4's headers 620 bytes, which every path takes, to 1500.
    package static let datagramByteRange = 576...SRTConnection.messageByteLimit
    /// Time that libsrt waits for a silent peer before it ends the connection; the session above gives up earlier.
    package var peerIdleTimeout: Duration = .seconds(130)
    /// The longest time that one attempt to connect may take.
    package var connectTimeout: Duration = .seconds(3)

    /// The text by which a caller describes itself to the listener, in clear.
    package var streamIdentifier: String?
    /// The passphrase by which both ends encrypt (AES-256), 10 to 79 characters; nil encrypts nothing and takes no one who does.
    package var passphrase: String?

    /// Makes options.
    package init(maximumBitsPerSecond: Double) { self.maximumBitsPerSecond = maximumBitsPerSecond }

    /// Lets libsrt wait for a silent peer for longer than what uses it does.
    package mutating func outlast(_ silence: Duration) { peerIdleTimeout = max(peerIdleTimeout, silence + .seconds(5)) }

    /// The headers that libsrt counts: IPv4's and UDP's 28 bytes, its own 16.
    static let headerByteCount = 44

    var maximumBytesPerSecond: Int64 { Int64(max(1000, maximumBitsPerSecond / 8)) }
}

/// Sets socket options and checks each.
struct SRTOptionSetter {
    let socket: SRTSOCKET

    func set<Value: BitwiseCopyable>(_ option: SRT_SOCKOPT, _ value: Value, _ name: StaticString) throws(TransportError) {
        guard withUnsafeBytes(of: value, { srt_setsockflag(socket, option, $0.baseAddress, Int32($0.count)) }) == 0 else {
            throw TransportError(.optionRefused, "libsrt refuses option \(name): \(SRTLibrary.lastErrorText)")
        }
    }

    /// Live mode without its deadlines: messages in any order, nothing dropped for being late, lost ones asked for again until they
    /// come. File mode collapses under random loss, and live mode's defaults lose data silently.
    func apply(_ options: SRTOptions) throws(TransportError) {
        try set(SRTO_TRANSTYPE, SRTT_LIVE, "TRANSTYPE")
        try set(SRTO_TSBPDMODE, false, "TSBPDMODE")
        try set(SRTO_TLPKTDROP, false, "TLPKTDROP")
        try set(SRTO_LATENCY, Int32(0), "LATENCY")
        try set(SRTO_NAKREPORT, true, "NAKREPORT")
        try set(SRTO_RETRANSMITALGO, Int32(1), "RETRANSMITALGO")
        let range = SRTOptions.datagramByteRange
        let datagramByteCount = min(max(options.datagramByteCount, range.lowerBound), range.upperBound)
        // At its default this is the same, and libsrt's own 1500 is left alone.
        if datagramByteCount < range.upperBound {
            try set(SRTO_MSS, Int32(datagramByteCount + SRTOptions.headerByteCount), "MSS")
        }
        try set(SRTO_PAYLOADSIZE, Int32(SRTConnection.messageByteLimit), "PAYLOADSIZE")
        try set(SRTO_FC, Int32(25600), "FC")
        try set(SRTO_SNDBUF, Int32(12 << 20), "SNDBUF")
        try set(SRTO_RCVBUF, Int32(12 << 20), "RCVBUF")
        try set(SRTO_UDP_SNDBUF, Int32(4 << 20), "UDP_SNDBUF")
        try set(SRTO_UDP_RCVBUF, Int32(4 << 20), "UDP_RCVBUF")
        try set(SRTO_MAXBW, options.maximumBytesPerSecond, "MAXBW")
        try set(SRTO_PEERIDLETIMEO, Int32(options.peerIdleTimeout / .milliseconds(1)), "PEERIDLETIMEO")
        try set(SRTO_CONNTIMEO, Int32(options.connectTimeout / .milliseconds(1)), "CONNTIMEO")
        try set(SRTO_MESSAGEAPI, true, "MESSAGEAPI")
        try set(SRTO_ENFORCEDENCRYPTION, true, "ENFORCEDENCRYPTION")
        if let identifier = options.streamIdentifier { try set(SRTO_STREAMID, text: identifier, "STREAMID") }
        if let passphrase = options.passphrase { try setPassphrase(passphrase) }
    }

    func setPassphrase(_ passphrase: String) throws(TransportError) {
        try set(SRTO_PBKEYLEN, Int32(32), "PBKEYLEN")
        try set(SRTO_PASSPHRASE, text: passphrase, "PASSPHRASE")
    }

    private func set(_ option: SRT_SOCKOPT, text: String, _ name: StaticString) throws(TransportError) {
        let bytes = Array(text.utf8)
        guard bytes.withUnsafeBytes({ srt_setsockflag(socket, option, $0.baseAddress, Int32($0.count)) }) == 0 else {
            throw TransportError(.optionRefused, "libsrt refuses option \(name): \(SRTLibrary.lastErrorText)")
        }
    }

    func makeNonBlocking() throws(TransportError) {
        try set(SRTO_SNDSYN, false, "SNDSYN")
        try set(SRTO_RCVSYN, false, "RCVSYN")
    }
}
