internal import Faults
internal import CSRT
internal import Glibc

/// Accepts SRT connections on a port. Its calls run on a thread of its own.
package actor SRTListener {
    private let executor = ThreadExecutor(name: "srt-listener")
    private let library = SRTLibrary()
    private let socket: SRTSOCKET
    private let epoll: Int32
    private var isClosed = false
    private var filter: HandshakeFilter?
    /// Kept for libsrt, which only points to it.
    package nonisolated let admission: SRTAdmission
    /// The port, also where the system chose it.
    package nonisolated let port: UInt16

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Listens.
    /// - Parameter admission: decides over each caller; by default none has to know anything.
    /// - Throws: `TransportError.Code.invalidAddress`, `.optionRefused` or `.cannotListen`.
    package init(
        on address: HostPort, options: SRTOptions, admission: SRTAdmission = SRTAdmission { _ in .nothing }, backlog: Int = 32
    ) throws(TransportError) {
        self.admission = admission
        let udp: Int32
        (socket, epoll, port, udp) = try Self.listen(on: address, options, admission, backlog)
        filter = HandshakeFilter(of: udp)
    }

    private static func listen(on address: HostPort, _ options: SRTOptions, _ admission: SRTAdmission, _ backlog: Int)
        throws(TransportError) -> (SRTSOCKET, Int32, UInt16, udp: Int32)
    {
        let library = SRTLibrary()
        defer { withExtendedLifetime(library) {} }
        let socket = srt_create_socket()
        guard socket != SRT_INVALID_SOCK else {
            throw TransportError(
                SRTLibrary.isExhausted ? .exhausted : .cannotListen, "libsrt makes no socket: \(SRTLibrary.lastErrorText)")
        }
        do throws(TransportError) {
            let setter = SRTOptionSetter(socket: socket)
            try setter.apply(options)
            try setter.makeNonBlocking()
            try admission.install(on: socket)
            // libsrt takes over a socket of ours, and closes it: it lets nobody at one of its own.
            let udp = try Self.bind(address)
            guard srt_bind_acquire(socket, udp) == 0 else {
                Glibc.close(udp)
                throw TransportError(.cannotListen, "cannot listen on \(address): \(SRTLibrary.lastErrorText)")
            }
            guard srt_listen(socket, Int32(backlog)) == 0 else {
                throw TransportError(.cannotListen, "cannot listen on \(address): \(SRTLibrary.lastErrorText)")
            }
            var name = sockaddr_storage()
            var length = Int32(MemoryLayout<sockaddr_storage>.size)
            let named = withUnsafeMutablePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { srt_getsockname(socket, $0, &length) }
            }
            let epoll = srt_epoll_create()
            var events = Int32(SRT_EPOLL_IN.rawValue | SRT_EPOLL_ERR.rawValue)
            guard named == 0, epoll >= 0, srt_epoll_add_usock(epoll, socket, &events) == 0 else {
                throw TransportError(
                    SRTLibrary.isExhausted ? .exhausted : .cannotListen, "libsrt cannot watch a socket: \(SRTLibrary.lastErrorText)"
                )
            }
            return (socket, epoll, HostPort.port(of: name), udp)
        } catch {
            srt_close(socket)
            throw error
        }
    }

    /// Opens a UDP socket at an address.
    private static func bind(_ address: HostPort) throws(TransportError) -> Int32 {
        var found: Int32 = -1
        var number: Int32 = 0
        let isBound = try address.firstWorking { place, length in
            let udp = Glibc.socket(
                Int32(place.pointee.sa_family), Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), Int32(IPPROTO_UDP))
            guard udp >= 0 else {
                number = errno
                return false
            }
            guard Glibc.bind(udp, place, socklen_t(length)) == 0 else {
                number = errno
                Glibc.close(udp)
                return false
            }
            found = udp
            return true
        }
        if isBound { return found }
        guard number == EADDRINUSE else {
            throw TransportError(.cannotListen, "cannot listen on \(address): \(String(cString: strerror(number)).lowercased())")
        }
        throw TransportError(.portInUse, "port \(address.port) is in use by another program")
    }

    deinit {
        srt_epoll_release(epoll)
        if !isClosed { srt_close(socket) }
    }

    /// Waits for the next connection.
    /// - Throws: `TransportError.Code.closed` after ``close()``; `CancellationError`.
    package func accept() async throws -> SRTConnection {
        while true {
            try Task.checkCancellation()
            guard !isClosed else { throw TransportError(.closed, "the listener is closed") }
            let accepted = srt_accept(socket, nil, nil)
            admission.settle()
            filter?.drop(admission.flooding())
            if accepted != SRT_INVALID_SOCK {
                do throws(TransportError) {
                    try SRTOptionSetter(socket: accepted).makeNonBlocking()
                    return try SRTConnection(
                        socket: accepted, executor: ThreadExecutor(name: "srt-\(accepted)"), initialRoundTrip: .zero,
                        admission: admission)
                } catch {
                    // One that cannot be watched is lost; the others go on.
                    admission.remove(accepted)
                    srt_close(accepted)
                    continue
                }
            }
            var ready = SRT_EPOLL_EVENT_STR()
            srt_epoll_uwait(epoll, &ready, 1, 50)
            // Lets `close()` and cancellation through.
            await Task.yield()
        }
    }

    /// Stops listening; connections live on.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        // With its descriptor the port would stay taken.
        filter = nil
        srt_close(socket)
    }
}
