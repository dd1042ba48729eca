package import Concurrency
package import EncodingInput
package import Receiver
package import Sender
internal import DecoderHost
package import Metrics
package import NetSim
package import Profiles
internal import SRTTransport
internal import Synchronization
package import WireFormat

/// One transfer over real SRT sockets on this machine, through netsim's relay.
package struct RelayedTransfer: Sendable {
    /// Summary of what the sender saw.
    package let sent: SendingSite.Summary
    /// Summary of what the receiver saw.
    package let received: ReceivingSite.Summary
    /// Counts of what passed the relay.
    package let counters: RelayCounters

    /// Settings for a transfer.
    package struct Setup: Sendable {
        /// The preparation: what to send, and how it is coded.
        package var preparation: Preparation
        /// The transport profile, which sets how the link is used.
        package var transport: TransportProfile
        /// The link between the ends; nil joins them without a relay.
        package var link: LinkParameters?
        /// Decides over what the link does at random.
        package var seed: UInt64
        /// Path of the folder in which the receiver makes its folder.
        package var folder: String
        /// The transfer's name, and its folder's.
        package var session: Name
        /// The store in which the receiver's figures are shown; nil shows them nowhere.
        package var metrics: MetricsStore?
        /// The queue of regions that those who look on request.
        package var regionRequests: RegionRequestQueue?
        /// A program that decodes confined.
        package var decoderPath = DecoderProgram.path

        /// Makes a setup.
        package init(
            preparation: Preparation, transport: TransportProfile, link: LinkParameters?, seed: UInt64, folder: String,
            session: Name
        ) {
            self.preparation = preparation
            self.transport = transport
            self.link = link
            self.seed = seed
            self.folder = folder
            self.session = session
        }
    }

    /// Sends, and returns when the sender has the receipt and the receiver is done.
    /// - Parameters:
    ///   - clock: what both ends count their times from.
    ///   - onSender: told what happens at the sender.
    ///   - onReceiver: told what happens at the receiver.
    /// - Throws: what either site throws, the sender's first; `NetSimError`.
    package static func perform(
        _ setup: Setup, clock: Stopwatch = Stopwatch(), onSender: @escaping @Sendable (SendingSite.Event) -> Void,
        onReceiver: @escaping @Sendable (ReceivingSite.Event) -> Void
    ) async throws -> RelayedTransfer {
        var receiver = ReceivingSite(folder: setup.folder, transport: setup.transport)
        receiver.decoderPath = setup.decoderPath
        receiver.metrics = setup.metrics
        receiver.regionRequests = setup.regionRequests
        let listener = try receiver.listen(on: "127.0.0.1:0")
        let relay = try setup.link.map { link in
            try UDPRelay(
                listen: NetSim.HostPort(host: "127.0.0.1", port: 0), to: NetSim.HostPort(host: "127.0.0.1", port: listener.port),
                link: link, seed: setup.seed)
        }
        try relay?.start()
        defer { relay?.stop() }
        var sender = SendingSite(
            preparation: setup.preparation, session: setup.session, destination: "127.0.0.1:\(relay?.boundPort ?? listener.port)",
            transport: setup.transport)
        // What another link carried says nothing of this one.
        sender.remembersRate = false
        let summary = Mutex<ReceivingSite.Summary?>(nil)
        async let receiving: Result<Void, any Error> = receiving(receiver, on: listener, clock) { event in
            if case .ended(_, let result) = event { summary.withLock { $0 = try? result.get() } }
            onReceiver(event)
        }
        let sent = try await sender.run(clock: clock, onEvent: onSender)
        try await receiving.get()
        return RelayedTransfer(
            sent: sent, received: summary.withLock { $0 } ?? ReceivingSite.Summary(), counters: relay?.counters ?? RelayCounters())
    }

    /// Receives one session, and listens no longer: whoever calls later hears at once that nobody is there.
    private static func receiving(
        _ receiver: ReceivingSite, on listener: SRTListener, _ clock: Stopwatch,
        onEvent: @escaping @Sendable (ReceivingSite.Event) -> Void
    ) async -> Result<Void, any Error> {
        let result: Result<Void, any Error>
        do {
            result = .success(try await receiver.run(listener, once: true, clock: clock, onEvent: onEvent))
        } catch {
            result = .failure(error)
        }
        await listener.close()
        return result
    }
}
