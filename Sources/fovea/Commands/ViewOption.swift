internal import Concurrency
internal import FoveaKit
internal import Receiver
internal import ArgumentParser
internal import HTTPService
internal import LiveView
internal import Metrics
internal import SRTTransport

/// The option for where a command shows volumes as they arrive.
struct ViewOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Show volumes as they arrive, on a page for a browser. Beyond this machine the page's address has a token.",
            valueName: "host:port"))
    var view: String?

    @Option(
        name: .customLong("view-tls-cert"),
        help: ArgumentHelp(
            "Serve the page over HTTPS with this certificate: PEM, those that vouch for it after it. Without one it is not encrypted.",
            valueName: "file"))
    var certificate: String?

    @Option(
        name: .customLong("view-tls-key"), help: ArgumentHelp("The certificate's private key: PEM, mode 600.", valueName: "file"))
    var certificateKey: String?

    func validate() throws {
        guard (certificate == nil) == (certificateKey == nil) else {
            throw ValidationError("--view-tls-cert and --view-tls-key go together")
        }
        guard certificate == nil || view != nil else { throw ValidationError("--view-tls-cert is for the page that --view serves") }
    }

    /// Reads the certificate.
    private func tls() throws -> TLSCertificate? {
        guard let certificate, let certificateKey else { return nil }
        return try TLSCertificate(certificate, key: certificateKey)
    }

    /// Runs a command with a store that shows what it receives, or with none.
    /// - Parameter body: takes the site with a place for figures, the store, and what is to be told of events.
    func run<Result: Sendable>(
        _ console: Console, _ site: ReceivingSite,
        _ body:
            @escaping @Sendable (ReceivingSite, LiveStore?, @escaping @Sendable (ReceivingSite.Event) -> Void) async throws ->
            Result
    ) async throws -> Result {
        guard let view else { return try await body(site, nil) { _ in } }
        let address = try HostPort(parsing: view)
        var site = site
        site.metrics = site.metrics ?? MetricsStore()
        let store = LiveStore()
        site.regionRequests = RegionRequestQueue()
        let live = try LiveView(of: store, site: site, on: address, certificate: try tls())
        let bound = Gate()
        return try await withThrowingTaskGroup(of: Result?.self) { [site] group in
            group.addTask {
                try await naming("--view") {
                    try await live.run { page in
                        console.event("view", ["url": .text(page)])
                        console.say("View: \(page)")
                        bound.open()
                    }
                }
                return nil
            }
            group.addTask {
                try await bound.wait()
                return try await body(site, store) { store.take($0) }
            }
            while let result = try await group.next() {
                guard let result else { continue }
                group.cancelAll()
                return result
            }
            throw CancellationError()
        }
    }
}
