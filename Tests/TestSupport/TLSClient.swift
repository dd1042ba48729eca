internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// A client on loopback that trusts ``TestCertificate`` alone.
package enum TLSClient {
    /// Sends a text, and returns all that comes until the server ends the connection.
    /// - Throws: where the server is another than the certificate's, or speaks no TLS.
    package static func ask(_ port: UInt16, _ text: String) async throws -> String {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(TestCertificate.certificate.utf8)))
        let context = try NIOSSLContext(configuration: configuration)
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: Int(port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: context, serverHostname: "localhost"))
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { incoming, outgoing in
            try await outgoing.write(ByteBuffer(string: text))
            var bytes: [UInt8] = []
            for try await buffer in incoming { bytes += buffer.readableBytesView }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
