internal import Faults
internal import CSRT
internal import Glibc

/// The result of a turn of a connection.
package struct SRTTurn: Sendable {
    /// Messages that came, in the order of their arrival.
    package var received: [[UInt8]] = []
    /// When each was taken from libsrt.
    package var arrivals: [ContinuousClock.Instant] = []
    /// Datagrams handed over that the peer's libsrt has not confirmed.
    package var inFlightCount = 0
    /// Datagrams handed over but not yet on the wire a first time.
    package var unsentCount = 0
    /// Messages that wait in front of libsrt, which has no room for them; they go with the next turns, in order.
    package var waitingCount = 0
    /// Messages put on the wire since the connection began, each counted once.
    package var sentCount = 0
    /// Messages put on the wire again since the connection began.
    package var retransmittedCount = 0
    /// libsrt's smoothed round trip; lags half a second behind.
    package var roundTrip: Duration = .zero
    /// True while the connection still stands.
    package var isConnected = true
}

/// Counters of a connection.
package struct SRTStatistics: Sendable, Equatable {
    /// Messages put on the wire, each counted once.
    package var sentUnique: Int64 = 0
    /// Messages put on the wire again.
    package var retransmitted: Int64 = 0
    /// libsrt's smoothed round trip; lags half a second behind.
    package var roundTrip: Duration = .zero
}

/// One SRT connection. Its calls run on a thread of its own.
package actor SRTConnection {
    /// Bytes of one message on a 1500-byte path.
    package static let messageByteLimit = 1456

    private let executor: ThreadExecutor
    private let library = SRTLibrary()
    private let socket: SRTSOCKET
    private let epoll: Int32
    private var isClosed = false
    /// Messages that libsrt had no room for, in order.
    private var waiting: [[UInt8]] = []
    /// The most bytes that wait: a peer that takes nothing and asks on is given up.
    private static let waitingLimit = 16 << 20
    /// Datagrams that what was handed over takes.
    private var submitted: Int64 = 0
    /// The longest datagram that both ends take, without headers; longer messages are cut.
    private let datagramByteCount: Int
    /// The stream identifier by which the caller described itself; empty where it gave none, and at the caller.
    package nonisolated let streamIdentifier: String
    /// The listener's books, where it came in by one.
    private nonisolated let admission: SRTAdmission?
    /// Bytes of the key that both ends encrypt with; 0 where they do not.
    package nonisolated let keyByteCount: Int
    /// The peer's address without its port; empty at the caller.
    package nonisolated let peerHost: String
    /// The other end's address, `HOST:PORT` in numbers; empty where libsrt does not know it.
    package nonisolated let peer: String
    /// The time of connecting, two round trips, halved; libsrt's own first figure is a made-up 100 ms.
    package nonisolated let initialRoundTrip: Duration

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Takes over a socket, unless it throws: then the socket is still its maker's to close.
    init(
        socket: SRTSOCKET, executor: ThreadExecutor, initialRoundTrip: Duration, admission: SRTAdmission? = nil
    ) throws(TransportError) {
        // Before anything is kept: what throws later is taken down by `deinit`, which closes the socket.
        let epoll = srt_epoll_create()
        var events = Int32(SRT_EPOLL_IN.rawValue | SRT_EPOLL_ERR.rawValue)
        guard epoll >= 0, srt_epoll_add_usock(epoll, socket, &events) == 0 else {
            let (text, isExhausted) = (SRTLibrary.lastErrorText, SRTLibrary.isExhausted)
            if epoll >= 0 { srt_epoll_release(epoll) }
            throw TransportError(isExhausted ? .exhausted : .cannotConnect, "libsrt cannot watch a socket: \(text)")
        }
        self.epoll = epoll
        self.socket = socket
        self.admission = admission
        self.executor = executor
        self.initialRoundTrip = initialRoundTrip
        streamIdentifier = Self.streamIdentifier(of: socket)
        keyByteCount = Self.keyByteCount(of: socket)
        peerHost = admission == nil ? "" : Self.peerHost(of: socket)
        peer = Self.peer(of: socket)
        datagramByteCount = Self.datagramByteCount(of: socket)
    }

    deinit {
        srt_epoll_release(epoll)
        if !isClosed {
            admission?.remove(socket)
            srt_close(socket)
        }
    }

    /// Says that the peer has proved who it is: it no longer counts against its address, nor makes room for others.
    package nonisolated func vouch() { admission?.verify(socket) }

    private static func keyByteCount(of socket: SRTSOCKET) -> Int {
        var count: Int32 = 0
        var state: Int32 = 0
        var length = Int32(MemoryLayout<Int32>.size)
        guard srt_getsockflag(socket, SRTO_KMSTATE, &state, &length) == 0, state == Int32(SRT_KM_S_SECURED.rawValue),
            srt_getsockflag(socket, SRTO_PBKEYLEN, &count, &length) == 0
        else { return 0 }
        return Int(count)
    }

    private static func peerHost(of socket: SRTSOCKET) -> String {
        var name = sockaddr_storage()
        var length = Int32(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                srt_getpeername(socket, address, &length) == 0 ? CallerAddress(address).description : ""
            }
        }
    }

    private static func peer(of socket: SRTSOCKET) -> String {
        var address = sockaddr_storage()
        var length = Int32(MemoryLayout<sockaddr_storage>.size)
        let known = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { srt_getpeername(socket, $0, &length) }
        }
        return known == 0 ? HostPort(numbersOf: address)?.description ?? "" : ""
    }

    private static func datagramByteCount(of socket: SRTSOCKET) -> Int {
        var size = Int32(0)
        var length = Int32(MemoryLayout<Int32>.size)
        guard srt_getsockflag(socket, SRTO_MSS, &size, &length) == 0 else { return messageByteLimit }
        return max(SRTOptions.datagramByteRange.lowerBound, Int(size) - SRTOptions.headerByteCount)
    }

    private static func streamIdentifier(of socket: SRTSOCKET) -> String {
        var bytes = [UInt8](repeating: 0, count: 513)
        var length = Int32(bytes.count)
        guard bytes.withUnsafeMutableBytes({ srt_getsockflag(socket, SRTO_STREAMID, $0.baseAddress, &length) }) == 0, length > 0
        else { return "" }
        return String(decoding: bytes.prefix(Int(length)).prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Connects to a listener, trying again until `timeout` is over.
    /// - Throws: `TransportError.Code.invalidAddress`, `.optionRefused`, `.cannotConnect`, `.busy` or `.notPermitted`; `CancellationError`.
    package static func connect(to address: HostPort, options: SRTOptions, timeout: Duration = .seconds(10)) async throws
        -> SRTConnection
    {
        let connector = Connector()
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        while true {
            try Task.checkCancellation()
            do {
                return try await connector.attempt(address, options)
            } catch let error as TransportError {
                guard error.isPassing, clock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    /// Sends, waits a little for something to come, and takes what has come. A long outage fills libsrt's buffer: what it has no room for is
    /// sent by a later turn, ahead of what that is given.
    /// - Parameters:
    ///   - messages: each at most ``messageByteLimit`` bytes.
    ///   - patience: how long to wait when nothing is there.
    ///   - maximumBitsPerSecond: what to hold the wire to from now on; nil leaves it as it is.
    package func turn(sending messages: [[UInt8]], timeout: Duration, maximumBitsPerSecond: Double? = nil) -> SRTTurn {
        var turn = SRTTurn()
        guard !isClosed else {
            turn.isConnected = false
            return turn
        }
        if let maximumBitsPerSecond {
            var bytesPerSecond = SRTOptions(maximumBitsPerSecond: maximumBitsPerSecond).maximumBytesPerSecond
            // A refused rate leaves the old one, and the session's own pace holds all the same.
            _ = srt_setsockflag(socket, SRTO_MAXBW, &bytesPerSecond, Int32(MemoryLayout<Int64>.size))
        }
        turn.isConnected = send(messages)
        turn.waitingCount = waiting.count
        if receive(into: &turn) == 0, turn.isConnected, timeout > .zero {
            wait(timeout)
            _ = receive(into: &turn)
        }
        let statistics = statistics()
        turn.unsentCount = Int(max(0, submitted - statistics.sentUnique))
        turn.retransmittedCount = Int(statistics.retransmitted)
        turn.sentCount = Int(statistics.sentUnique)
        turn.roundTrip = statistics.roundTrip
        var blocks = 0
        var bytes = 0
        if srt_getsndbuffer(socket, &blocks, &bytes) >= 0 { turn.inFlightCount = blocks }
        return turn
    }

    /// libsrt wakes at once when something comes, but without that it looks at its clock only every ten milliseconds: too coarse for a pace.
    private func wait(_ timeout: Duration) {
        if timeout < .milliseconds(10) {
            usleep(UInt32(max(50, timeout / .microseconds(1))))
        } else {
            var ready = SRT_EPOLL_EVENT_STR()
            srt_epoll_uwait(epoll, &ready, 1, Int64(timeout / .milliseconds(1)))
        }
    }

    /// Hands over what waits and what is new, as far as there is room; false when the connection is broken.
    private func send(_ messages: [[UInt8]]) -> Bool {
        waiting += messages
        var sentCount = 0
        defer { waiting.removeFirst(sentCount) }
        for message in waiting {
            switch send(message) {
            case .sent: sentCount += 1
            case .full: return waiting[sentCount...].reduce(0) { $0 + $1.count } <= Self.waitingLimit
            case .broken: return false
            }
        }
        return true
    }

    private enum SendOutcome {
        case sent, full, broken
    }

    private func send(_ message: [UInt8]) -> SendOutcome {
        // No time to live, and free to be delivered ahead of an earlier one that was lost.
        let status = message.withUnsafeBytes { raw in
            srt_sendmsg(socket, raw.bindMemory(to: CChar.self).baseAddress, Int32(raw.count), -1, 0)
        }
        if status >= 0 {
            submitted += Int64(max(1, (message.count + datagramByteCount - 1) / datagramByteCount))
            return .sent
        }
        return srt_getlasterror(nil) == SRT_EASYNCSND.rawValue ? .full : .broken
    }

    private func receive(into turn: inout SRTTurn) -> Int {
        var buffer = [UInt8](repeating: 0, count: Self.messageByteLimit)
        var count = 0
        // Bounded, so that a fast peer cannot keep a turn from ending.
        while count < 4096 {
            let length = buffer.withUnsafeMutableBytes { raw in
                srt_recvmsg(socket, raw.bindMemory(to: CChar.self).baseAddress, Int32(raw.count))
            }
            if length > 0 {
                turn.received.append(Array(buffer[..<Int(length)]))
                turn.arrivals.append(.now)
                count += 1
                continue
            }
            if length < 0, srt_getlasterror(nil) != SRT_EASYNCRCV.rawValue { turn.isConnected = false }
            if length == 0 { turn.isConnected = false }
            break
        }
        return count
    }

    /// Counters as of now.
    package func statistics() -> SRTStatistics {
        var counters = SRT_TRACEBSTATS()
        guard !isClosed, srt_bstats(socket, &counters, 0) == 0 else { return SRTStatistics() }
        return SRTStatistics(
            sentUnique: counters.pktSentUniqueTotal, retransmitted: Int64(counters.pktRetransTotal),
            roundTrip: .microseconds(Int64(counters.msRTT * 1000)))
    }

    /// Closes once the peer has acknowledged what was sent, or after `timeout`: libsrt's own close throws it away.
    package func close(timeout: Duration) async {
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        while !isClosed, clock.now < deadline {
            var blocks = 0
            var bytes = 0
            guard srt_getsndbuffer(socket, &blocks, &bytes) >= 0, blocks > 0, srt_getsockstate(socket) == SRTS_CONNECTED else {
                break
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
        guard !isClosed else { return }
        isClosed = true
        admission?.remove(socket)
        srt_close(socket)
    }
}

/// Makes one attempt after another to connect, each on the thread the connection will have.
private struct Connector {
    func attempt(_ address: HostPort, _ options: SRTOptions) async throws -> SRTConnection {
        let executor = ThreadExecutor(name: "srt-\(address.port)")
        return try await Dialler(executor: executor).dial(address, options)
    }

    private actor Dialler {
        private let executor: ThreadExecutor
        private let library = SRTLibrary()
        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        init(executor: ThreadExecutor) { self.executor = executor }

        func dial(_ address: HostPort, _ options: SRTOptions) throws(TransportError) -> SRTConnection {
            let socket = srt_create_socket()
            guard socket != SRT_INVALID_SOCK else {
                throw TransportError(
                    SRTLibrary.isExhausted ? .exhausted : .cannotConnect, "libsrt makes no socket: \(SRTLibrary.lastErrorText)")
            }
            do throws(TransportError) {
                let setter = SRTOptionSetter(socket: socket)
                try setter.apply(options)
                let start = ContinuousClock.now
                guard try address.firstWorking({ srt_connect(socket, $0, $1) == 0 }) else {
                    let (text, isExhausted) = (SRTLibrary.lastErrorText, SRTLibrary.isExhausted)
                    let rejection = SRTRejection(reason: srt_getrejectreason(socket), address: address, options: options)
                    if let error = rejection.error { throw error }
                    throw TransportError(isExhausted ? .exhausted : .cannotConnect, "no receiver answers at \(address): \(text)")
                }
                let elapsed = ContinuousClock.now - start
                try setter.makeNonBlocking()
                return try SRTConnection(socket: socket, executor: executor, initialRoundTrip: elapsed / 2)
            } catch {
                srt_close(socket)
                throw error
            }
        }
    }
}
