import NetSim
import StreamSession
import Testing
import WireFormat

/// Readings of a pair's log.
extension SessionPair {
    var senderActions: [(time: Duration, action: SenderSession.Action)] {
        log.compactMap { entry in
            if case .sender(let action) = entry.what { (entry.time, action) } else { nil }
        }
    }

    var receiverActions: [(time: Duration, action: ReceiverSession.Action)] {
        log.compactMap { entry in
            if case .receiver(let action) = entry.what { (entry.time, action) } else { nil }
        }
    }

    /// A datagram without its seal, where there is one.
    func plain(_ bytes: [UInt8]) -> [UInt8] { setup.secret == nil ? bytes : Array(bytes.dropLast(Datagram.sealByteCount)) }

    /// The datagrams one end has handed to the transport, in order.
    func sent(from endpoint: Endpoint) -> [(time: Duration, datagram: Datagram)] {
        log.compactMap { entry in
            switch (endpoint, entry.what) {
            case (.client, .sender(.send(let bytes))), (.server, .receiver(.send(let bytes))):
                (try? Datagram(decoding: plain(bytes))).map { (entry.time, $0) }
            default: nil
            }
        }
    }

    /// The fragments the sender has handed to the transport, in order.
    var sentFragments: [(time: Duration, fragment: Fragment)] {
        sent(from: .client).compactMap { if case .data(let fragment) = $1 { ($0, fragment) } else { nil } }
    }

    /// When the receiver had each chunk whole.
    var arrivals: [(time: Duration, ordinal: UInt32, record: [UInt8])] {
        receiverActions.compactMap { if case .chunk(let ordinal, let record) = $1 { ($0, ordinal, record) } else { nil } }
    }

    /// Chunks the sender was told are applied, in order.
    var acknowledged: [UInt32] {
        senderActions.flatMap { entry -> [UInt32] in
            if case .acknowledged(let ordinals) = entry.action { ordinals } else { [] }
        }
    }

    func arrival(of ordinal: UInt32) -> Duration? { arrivals.first { $0.ordinal == ordinal }?.time }

    /// When the sender first did this.
    func senderTime(_ action: SenderSession.Action) -> Duration? { senderActions.first { $0.action == action }?.time }

    /// When the receiver first did this.
    func receiverTime(_ action: ReceiverSession.Action) -> Duration? { receiverActions.first { $0.action == action }?.time }

    var senderFailure: SessionError? {
        senderActions.compactMap { if case .failed(let error) = $0.action { error } else { nil } }.first
    }

    var receiverFailure: SessionError? {
        receiverActions.compactMap { if case .failed(let error) = $0.action { error } else { nil } }.first
    }

    /// Every chunk once and whole, acknowledged once each, then receipt, farewell, and nothing more.
    func expectComplete(_ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation) {
        let expected = Dictionary(uniqueKeysWithValues: setup.chunks.map { ($0.ordinal, $0.record) })
        #expect(arrivals.count == expected.count, comment, sourceLocation: sourceLocation)
        #expect(arrivals.allSatisfy { expected[$0.ordinal] == $0.record }, comment, sourceLocation: sourceLocation)
        #expect(Set(arrivals.map(\.ordinal)).count == expected.count, comment, sourceLocation: sourceLocation)
        #expect(acknowledged.sorted() == expected.keys.sorted(), comment, sourceLocation: sourceLocation)
        let begun = receiverActions.filter { if case .begun = $0.action { true } else { false } }
        #expect(begun.count == 1, comment, sourceLocation: sourceLocation)
        #expect(senderFailure == nil && receiverFailure == nil, comment, sourceLocation: sourceLocation)
        expectEnded(comment, sourceLocation: sourceLocation)
    }

    /// However many connections it took: every chunk once and whole, acknowledged once each to the sender that lives, then
    /// receipt and farewell.
    func expectCompleteInTheEnd(_ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation) {
        let expected = Dictionary(uniqueKeysWithValues: setup.chunks.map { ($0.ordinal, $0.record) })
        #expect(arrivals.count == expected.count, comment, sourceLocation: sourceLocation)
        #expect(arrivals.allSatisfy { expected[$0.ordinal] == $0.record }, comment, sourceLocation: sourceLocation)
        #expect(whole == Set(expected.keys), comment, sourceLocation: sourceLocation)
        let confirmed = log[lifeStart...].flatMap { entry -> [UInt32] in
            if case .sender(.acknowledged(let ordinals)) = entry.what { ordinals } else { [] }
        }
        #expect(confirmed.sorted() == expected.keys.sorted(), comment, sourceLocation: sourceLocation)
        #expect(senderFailure == nil, comment, sourceLocation: sourceLocation)
        #expect(traffic.keptAndSentByteCount == 0, comment, sourceLocation: sourceLocation)
        expectEnded(comment, sourceLocation: sourceLocation)
    }

    private func expectEnded(_ comment: Comment, sourceLocation: SourceLocation) {
        #expect(senderActions.last?.action == .finished(receipt), comment, sourceLocation: sourceLocation)
        #expect(sent(from: .client).last?.datagram == .bye, comment, sourceLocation: sourceLocation)
        #expect(receiverActions.last?.action == .closed, comment, sourceLocation: sourceLocation)
        #expect(isOver && sender.nextTick == nil && receiver.nextTick == nil, comment, sourceLocation: sourceLocation)
    }
}
