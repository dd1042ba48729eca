package import Receiver
internal import Foundation
package import HTTPService
internal import Metrics
package import SRTTransport

/// Serves a page on which a physician sees volumes as they arrive.
package struct LiveView: Sendable {
    /// Number of connections that may be open; a page takes a few.
    package static let connectionLimit = 64

    private let store: LiveStore
    private let site: ReceivingSite
    private let address: HostPort
    private let certificate: TLSCertificate?
    private let assets: ViewAssets

    /// Prepares a view.
    /// - Parameters:
    ///   - store: what it shows; it takes the site's events.
    ///   - site: whose files may be fetched, whose figures are shown where it has a store for them, and whose senders may be asked for parts of a volume where
    ///     it has a queue of region requests.
    ///   - address: where to listen: an address, or `localhost`; port 0 lets the system choose.
    ///   - certificate: for HTTPS; nil serves in clear.
    /// - Throws: `LiveViewError.Code.notInstalled`.
    package init(of store: LiveStore, site: ReceivingSite, on address: HostPort, certificate: TLSCertificate? = nil) throws {
        self.store = store
        self.site = site
        self.address = address
        self.certificate = certificate
        assets = try ViewAssets()
    }

    /// Serves until the task is cancelled, and returns then.
    /// - Parameter onListening: called once with the page's address, as soon as it can be opened.
    /// - Throws: `HTTPServiceError`.
    package func run(onListening: @escaping @Sendable (String) -> Void) async throws {
        var limits = HTTPServer.Limits()
        limits.connectionCount = Self.connectionLimit
        // What is left is for what pages fetch.
        limits.streamCount = Self.connectionLimit / 2
        limits.requestCount = 1000
        limits.bodyByteCount = 4 << 10
        limits.timeout = .seconds(10)
        // The port that the system chooses is known only once it listens.
        let access = ViewAccess(isLoopback: address.isLoopback, port: address.port, isEncrypted: certificate != nil)
        let shelf = SessionShelf(site)
        let router = ViewRouter(store: store, access: access, assets: assets, site: site, shelf: shelf)
        let server = HTTPServer(
            "the view", host: address.host, port: address.port, limits: limits, certificate: certificate
        ) { await router.answer($0) }
        do {
            try await withThrowingTaskGroup { group in
                group.addTask {
                    try await server.run { port in
                        let page = HostPort(host: address.host, port: port)
                        onListening("\(access.scheme)://\(page)/" + (access.token.map { "?token=\($0)" } ?? ""))
                    }
                }
                group.addTask {
                    while !Task.isCancelled {
                        await store.refresh(site.metrics?.snapshot() ?? [])
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
                group.addTask {
                    while !Task.isCancelled {
                        let begun = ContinuousClock.now
                        if store.takeListingDue() { store.take(await shelf.list(known: store.stored)) }
                        // A folder that takes long is looked at less often.
                        let deadline = ContinuousClock.now + max(.seconds(1), begun.duration(to: .now) * 20)
                        while !Task.isCancelled, .now < deadline, !store.isListingUrgent {
                            try await Task.sleep(for: .milliseconds(50))
                        }
                    }
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is CancellationError {
        }
    }
}
