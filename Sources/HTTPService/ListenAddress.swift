internal import Faults
internal import Glibc
internal import NIOCore

/// The address to listen on.
struct ListenAddress {
    let address: SocketAddress
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
        // A C string would end at a zero that a Swift string may hold.
        guard !text.utf8.contains(0), let address = try? SocketAddress(ipAddress: text, port: Int(port)) else {
            throw HTTPServiceError(
                .invalidAddress,
                "'\(host)' is no address to serve \(subject) on: write one such as 127.0.0.1 or ::1 without brackets, or localhost")
        }
        self.address = address
    }

    /// Returns the error for a port that could not be had.
    func refusal(_ error: any Error) -> HTTPServiceError {
        let number = (error as? IOError)?.errnoCode
        guard number != EADDRINUSE else {
            return HTTPServiceError(.portInUse, "\(subject) cannot be served on \(name): the port is in use by another program")
        }
        let reason = number.map { String(cString: strerror($0)).lowercased() } ?? "\(error)"
        return HTTPServiceError(.cannotListen, "\(subject) cannot be served on \(name): \(reason)")
    }
}
