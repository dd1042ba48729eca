internal import Faults
internal import FlyingSocks
internal import Glibc

/// The address to listen on, as the system wants it.
struct ListenAddress {
    private let address: any SocketAddress
    private let name: String
    private let subject: String

    /// Reads an IPv4 or IPv6 address without brackets, or `localhost`, which is 127.0.0.1. No other name is looked up:
    /// nothing shall turn up on an interface that a name server chose.
    /// - Parameter subject: what is served, for messages.
    /// - Throws: `HTTPServiceError.Code.invalidAddress`.
    init(host: String, port: UInt16, subject: String) throws(HTTPServiceError) {
        self.subject = subject
        name = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let text = host == "localhost" ? "127.0.0.1" : host
        var ip4 = sockaddr_in()
        var ip6 = sockaddr_in6()
        // A C string would end at a zero that a Swift string may hold.
        if text.utf8.contains(0) {
            throw Self.refusal(of: host, subject)
        } else if inet_pton(AF_INET, text, &ip4.sin_addr) == 1 {
            ip4.sin_family = sa_family_t(AF_INET)
            ip4.sin_port = in_port_t(bigEndian: port)
            address = ip4
        } else if inet_pton(AF_INET6, text, &ip6.sin6_addr) == 1 {
            ip6.sin6_family = sa_family_t(AF_INET6)
            ip6.sin6_port = in_port_t(bigEndian: port)
            address = ip6
        } else {
            throw Self.refusal(of: host, subject)
        }
    }

    private static func refusal(of host: String, _ subject: String) -> HTTPServiceError {
        HTTPServiceError(
            .invalidAddress,
            "'\(host)' is no address to serve \(subject) on: write one such as 127.0.0.1 or ::1 without brackets, or localhost")
    }

    /// Opens a socket that listens here.
    /// - Returns: the socket, and its port: where 0 was asked for, the one that the system chose.
    /// - Throws: `HTTPServiceError.Code.cannotListen`.
    func listen() throws(HTTPServiceError) -> (socket: Socket, port: UInt16) {
        do {
            let socket = try Socket(domain: Int32(address.family))
            do {
                return (socket, try prepare(socket))
            } catch {
                try? socket.close()
                throw error
            }
        } catch {
            var reason = "\(error)"
            if case .failed(_, let number, let message)? = error as? SocketError {
                guard number != EADDRINUSE else {
                    throw HTTPServiceError(
                        .portInUse, "\(subject) cannot be served on \(name): the port is in use by another program")
                }
                reason = message.lowercased()
            }
            throw HTTPServiceError(.cannotListen, "\(subject) cannot be served on \(name): \(reason)")
        }
    }

    private func prepare(_ socket: Socket) throws -> UInt16 {
        socket.closeOnExec()
        try socket.setValue(true, for: .localAddressReuse)
        try socket.bind(to: address)
        try socket.startListening()
        switch try socket.sockname() {
        case .ip4(_, let port), .ip6(_, let port): return port
        case .unix: throw SocketError.unsupportedAddress
        }
    }
}

extension Socket {
    /// Keeps it out of the programs that this one starts.
    func closeOnExec() { _ = fcntl(file.rawValue, F_SETFD, FD_CLOEXEC) }

    /// FlyingSocks' own `listen` closes the socket where it fails, and whoever closes it again may close another's.
    fileprivate func startListening() throws {
        guard Glibc.listen(file.rawValue, SOMAXCONN) == 0 else { throw SocketError.makeFailed("Listen") }
    }

    /// Ends a connection, or its sending half, without giving the descriptor back.
    func shut(sendingOnly: Bool = false) { _ = shutdown(file.rawValue, Int32(sendingOnly ? SHUT_WR : SHUT_RDWR)) }
}
