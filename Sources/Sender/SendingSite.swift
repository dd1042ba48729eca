internal import Foundation
internal import Congestion
package import Concurrency
package import EncodingInput
internal import Faults
package import Transfer
package import Metrics
package import Profiles
package import ProgressiveCoding
internal import SRTTransport
internal import Secrecy
internal import SessionRunner
internal import StreamSession
internal import VolumeModel
package import WireFormat

/// The sending end of a transfer: volumes in, SRT out.
package struct SendingSite: Sendable {
    /// An event, reported as it happens.
    package enum Event: Sendable {
        /// The command can succeed as far as files can tell: the receiver is called now.
        case checked
        /// A chunk was found not to decode to its voxels: all is sent again without that coder, under another name.
        case startedOver(session: Name, because: String)
        /// The receiver has had all of it since an earlier transfer under the session's name.
        case alreadyComplete
        /// The region of interest is known, and how the volumes are coded for the link that is expected.
        case prepared(Preparation.Result, LinkExpectation?)
        /// A chunk is coded and in the session's hands.
        case coded(EncodedChunk)
        /// The first datagram with voxels has gone to the transport.
        case firstDatagram
        /// More is coded, or the receiver has confirmed more.
        case progress(TransferProgress)
        /// The receiver has applied every chunk of the regions of interest.
        case roiAcknowledged
        /// Nothing new is confirmed: why, for a program, and what that means and can be done about it, for a person.
        case stalled(reason: String, message: String)
        /// Full-size datagrams do not arrive; those from now on have no more bytes than this.
        case narrowed(byteCount: Int)
        /// It comes again.
        case resumed
        /// The connection is lost; another one is tried for.
        case reconnecting
        /// The receiver had so many bytes of the session already.
        case resumedAt(byteCount: Int)
        /// Datagrams come that are altered or not the receiver's; they are ignored.
        case altered
        /// The receiver wants to see a box next.
        case focus(Focus, FocusState)
        /// The receiver shows all of what it asked for under a number.
        case focusAcknowledged(number: UInt32)
    }

    /// The state of a request of the receiver.
    package enum FocusState: Sendable, Equatable {
        /// It has come.
        case asked
        /// Its chunks are coded and go next.
        case queued(byteCount: Int)
        /// It cannot be answered; the transfer goes on.
        case refused(String)
    }

    /// The outcome of the transfer.
    package struct Summary: Sendable {
        /// Bytes of chunk records by layer.
        package var bytesByLayer: [Layer: Int] = [:]
        /// Messages handed to the transport.
        package var datagramCount = 0
        /// Retransmissions over first transmissions.
        package var retransmitRatio = 0.0
        /// Bytes of pieces handed to the transport a second time, on another connection.
        package var resentByteCount = 0
        /// Bytes the receiver had before this program began.
        package var resumedByteCount = 0
        /// Connections made.
        package var connectionCount = 0
        /// The rate that the link was found to carry, or the rate that was kept to, in bits a second on the wire.
        package var rateBitsPerSecond = 0.0
        /// Bits of chunk records a second, from the first datagram to the last acknowledgement.
        package var goodputBitsPerSecond = 0.0
        /// Seconds, as all times here from the start of the command.
        package var timeToFirstDatagram: Double?
        /// When the receiver had applied the regions of interest.
        package var roiAcknowledged: Double?
        /// When the receipt came.
        package var done: Double?
        /// Seconds it took to find the region.
        package var segmentationSeconds = 0.0
        /// Seconds from the plan to the last coded chunk.
        package var encodingSeconds = 0.0
        /// The boxes as sent.
        package var regions: [String] = []
        /// Greatest error and PSNR of the base layers of the first volume, as measured.
        package var fidelity: [Layer: LayerFidelity] = [:]
        /// The session's name when all of it was sent again without a coder that erred.
        package var startedOverAs: Name?
        /// True when the receiver had all of it before this transfer began.
        package var wasComplete = false
        /// The receiver's account of what it has, after it was compared with what it must have.
        package var receipt: Receipt?
    }

    /// The volumes to send, and how they are coded.
    package var preparation: Preparation
    /// Names the transfer and the receiver's folder.
    package var session: Name
    /// True when the receiver may have some of it already, from an earlier run.
    package var mayBeKnown = false
    /// The address where the receiver listens.
    package var destination: String
    /// The profile by which the link is used.
    package var transport: TransportProfile
    /// The protection of what goes there.
    package var exposure = Exposure()
    /// True when what the link carried is kept as a first guess for the next time.
    package var remembersRate = true
    /// The store where the session's figures are shown; nil shows them nowhere.
    package var metrics: MetricsStore?

    /// Makes a site.
    package init(preparation: Preparation, session: Name, destination: String, transport: TransportProfile) {
        self.preparation = preparation
        self.session = session
        self.destination = destination
        self.transport = transport
    }

    /// Opens and checks the input, calls the receiver, sends, and returns when it has confirmed what it has on disk.
    /// - Parameters:
    ///   - clock: runs from the start of the command.
    ///   - onEvent: called from the site's own loop.
    /// - Throws: what the parts throw; `SessionError` when the session ends early; `TransferError.Code.receiptMismatch`, `.exposed`.
    package func run(clock: Stopwatch, onEvent: @escaping @Sendable (Event) -> Void) async throws -> Summary {
        do {
            return try await attempt(clock, onEvent)
        } catch {
            guard Self.isOfCoder(error), let plain = preparation.withoutCoder else { throw error }
            var site = self
            site.preparation = plain
            // What the receiver holds under the first name it would refuse again.
            site.session = Name(cleaning: String(session.text.prefix(WireLimits.nameByteCount - 6)) + "-plain")
            // The same command, begun anew, comes here again and goes on with it.
            site.mayBeKnown = true
            onEvent(.startedOver(session: site.session, because: "\(error)"))
            do {
                var summary = try await site.attempt(clock) { event in
                    // That the input can be sent, and as what, has been said.
                    if case .checked = event { return }
                    onEvent(event)
                }
                summary.startedOverAs = site.session
                return summary
            } catch let later as SessionError where later.code == .unreachable {
                // A receiver of one session is gone after it.
                throw error
            }
        }
    }

    /// Tells whether an error, of this end's own check or the receiver's, says that coded voxels were not what they must be.
    private static func isOfCoder(_ error: any Error) -> Bool {
        switch error {
        case let error as CodingError: error.isOfCoder
        case let error as SessionError: error.code == .undecodable
        default: false
        }
    }

    private func attempt(_ clock: Stopwatch, _ onEvent: @escaping @Sendable (Event) -> Void) async throws -> Summary {
        let address = try HostPort(parsing: destination)
        try exposure.check(address)
        // Nothing goes out for a command that cannot succeed.
        let pool = CodingPool()
        let cache = transport.bitsPerSecond == nil && remembersRate ? RateCache(.links) : nil
        var preparation = preparation
        let expectation = expectation(by: cache)
        preparation.bitsPerSecond = expectation?.bitsPerSecond
        let checked = try await preparation.check(on: pool)
        onEvent(.checked)
        var options = SRTOptions(maximumBitsPerSecond: transport.bitsPerSecond ?? 1e6)
        // A handshake takes two round trips: less would rule out long ones, and more have attempts linger that nobody waits for.
        options.connectTimeout = min(.seconds(20), transport.connectTimeout)
        options.passphrase = exposure.secret?.transportPassphrase
        options.streamIdentifier = exposure.sender.text
        options.outlast(transport.idleTimeout)
        let narrowPaths = transport.datagramByteCount == nil && remembersRate ? RateCache(.narrowPaths) : nil
        let datagramByteCount = transport.datagramByteCount ?? Self.datagramByteCount(to: destination, narrowPaths)
        options.datagramByteCount = datagramByteCount
        var setup = SenderSession.Setup(
            session: session, goal: preparation.goal,
            rate: transport.bitsPerSecond.map { .fixed($0) } ?? .automatic(ceiling: transport.ceiling, hint: cache?[destination]))
        setup.parityRatio = transport.parityRatio
        setup.secret = exposure.secret
        setup.mayBeKnown = mayBeKnown
        setup.timing = SessionTiming(transport)
        setup.datagramByteCount = transport.datagramByteCount == nil ? datagramByteCount : nil
        // The handshake takes two round trips: long enough to read and segment.
        let mailbox = Mailbox<SendingLoop.Incoming>()
        let gate = Gate()
        if !mayBeKnown { gate.open() }
        let coding = Task { [preparation] in await Self.code(preparation, checked, into: mailbox, on: pool, gate) }
        defer { coding.cancel() }
        var runner = SenderRunner(
            SenderSession(setup, now: clock.elapsed), to: address, options: options, timeout: transport.connectTimeout,
            origin: clock.start)
        var loop = SendingLoop(
            clock: clock, store: metrics, session: session.text, expectation: expectation,
            datagramByteCount: datagramByteCount,
            answer: Self.answering(into: mailbox, on: pool), onEvent: onEvent)
        await runner.run(
            events: { loop.events(mailbox.takeAll()) },
            onAction: { action in
                if action == .alreadyComplete { coding.cancel() }
                loop.take(action)
            },
            onTurn: { session in
                if session.knowsStanding { gate.open() }
                loop.show(session)
            }, mayGreet: { loop.hasRead })
        if loop.datagramByteCount < datagramByteCount {
            narrowPaths?.remember(Date().timeIntervalSince1970 + Self.narrowSeconds, for: destination)
        }
        let summary = try loop.finish(runner)
        if transport.bitsPerSecond == nil, summary.bytesByLayer.values.reduce(0, +) > 100_000 {
            cache?.remember(summary.rateBitsPerSecond, for: destination)
        }
        return summary
    }

    /// Seconds for which a path that dropped full-size datagrams is taken to do so: paths change, and finding out again costs two seconds.
    private static let narrowSeconds = 7.0 * 86400

    private static func datagramByteCount(to destination: String, _ narrowPaths: RateCache?) -> Int {
        let isNarrow = narrowPaths?[destination].map { $0 > Date().timeIntervalSince1970 } ?? false
        return isNarrow ? SenderSession.safeDatagramByteCount : TransportProfile.datagramByteRange.upperBound
    }

    /// The link's rate as given, as this session was coded by before, or as the link carried the last time. A session that goes on has to be coded
    /// as it was, so its rate is kept.
    private func expectation(by links: RateCache?) -> LinkExpectation? {
        if let rate = transport.bitsPerSecond { return LinkExpectation(bitsPerSecond: rate, source: .given) }
        guard let links, let sessions = RateCache(.sessions) else { return nil }
        if mayBeKnown, let rate = sessions[session.text] { return LinkExpectation(bitsPerSecond: rate, source: .session) }
        guard !mayBeKnown, let rate = links[destination] else { return nil }
        sessions.remember(rate, for: session.text)
        return LinkExpectation(bitsPerSecond: rate, source: .remembered)
    }

    /// Codes requests beside everything else. One that cannot be coded ends nothing but itself.
    private static func answering(into mailbox: Mailbox<SendingLoop.Incoming>, on pool: CodingPool)
        -> @Sendable (Preparation.Result, Focus) -> Void
    {
        { prepared, focus in
            Task {
                do {
                    let encoder = prepared.encoder
                    if let answer = try await pool.run(rank: encoder.order.focusCodingRank, { try encoder.answer(focus) }) {
                        mailbox.put(.answered(focus, answer))
                    } else {
                        mailbox.put(.refused(focus, "no such box is sent exact"))
                    }
                } catch {
                    mailbox.put(.refused(focus, "\(error)"))
                }
            }
        }
    }

    /// Coding waits so long for the receiver to say what it has: one that takes longer costs a second of coding that may be for nothing, and no transfer waits
    /// longer for it.
    private static let standingTimeout = Duration.seconds(1)

    /// Reads, plans and codes, while the loop already speaks to the receiver.
    private static func code(
        _ preparation: Preparation, _ checked: Preparation.Checked, into mailbox: Mailbox<SendingLoop.Incoming>,
        on pool: CodingPool, _ gate: Gate
    ) async {
        do {
            let prepared = try await preparation.run(checked, on: pool) { mailbox.put(.read) }
            mailbox.put(.prepared(prepared))
            let watch = Stopwatch()
            let (table, digest) = try await prepared.encoder.run(
                on: pool, proceed: { try await gate.wait(atMost: standingTimeout) }
            ) {
                mailbox.put(.chunk($0))
            }
            mailbox.put(.coded(table, digest: digest, seconds: watch.seconds))
        } catch {
            mailbox.put(.failed(error))
        }
    }
}
