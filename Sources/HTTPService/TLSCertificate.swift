internal import Faults
internal import Files
internal import NIOSSL

/// A server's certificate and its private key, for HTTPS.
package struct TLSCertificate: Sendable {
    let context: NIOSSLContext

    /// The most bytes of either file: chains of certificates have a few kilobytes.
    private static let byteLimit = 1 << 20

    /// Reads both, and checks that the key is the certificate's.
    /// - Parameters:
    ///   - path: PEM: the certificate, then those that vouch for it.
    ///   - keyPath: PEM, not encrypted. Only its owner may read the file.
    /// - Throws: `FileError` where a file cannot be read; `HTTPServiceError.Code.invalidCertificate`.
    package init(_ path: String, key keyPath: String) throws {
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMBytes(PlainFile.contents(of: path, limit: Self.byteLimit))
        } catch let error as FileError {
            throw error
        } catch {
            certificates = []
        }
        guard !certificates.isEmpty else {
            throw HTTPServiceError(.invalidCertificate, "\(path): there is no certificate in PEM in this file")
        }
        let key = try Self.key(keyPath)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw HTTPServiceError(
                .invalidCertificate, "\(keyPath): this is not the key of \(path), or the two cannot be used (\(error))")
        }
    }

    private static func key(_ path: String) throws -> NIOSSLPrivateKey {
        let file: PlainFile
        do throws(FileError) { file = try PlainFile(path) } catch { throw error.naming(path) }
        guard file.isOwnersAlone else {
            throw HTTPServiceError(.invalidCertificate, "\(path): others may use this key; chmod 600 keeps it to its owner")
        }
        do {
            return try NIOSSLPrivateKey(bytes: file.contents(limit: byteLimit), format: .pem)
        } catch let error as FileError {
            throw error.naming(path)
        } catch {
            throw HTTPServiceError(.invalidCertificate, "\(path): there is no private key in PEM in this file, or it is encrypted")
        }
    }
}
