internal import Sender
internal import Receiver
internal import Transfer
internal import Concurrency
internal import NetSim
package import ProgressiveCoding
internal import Synchronization

extension RelayedTransfer {
    /// Makes a transfer and writes down what a laboratory wants to know of it.
    /// - Parameter onChunk: told of every chunk as the sender has it ready.
    /// - Throws: what ``perform(_:clock:onSender:onReceiver:)`` throws.
    package static func record(_ setup: Setup, onChunk: @escaping @Sendable (EncodedChunk) -> Void = { _ in }) async throws
        -> (record: TransferRecord, transfer: RelayedTransfer)
    {
        let clock = Stopwatch()
        let seen = Mutex(TransferRecord())
        @Sendable func note(_ change: (inout TransferRecord, Double) -> Void) {
            let seconds = TransferRecord.rounded(clock.seconds)
            seen.withLock { change(&$0, seconds) }
        }
        let transfer = try await perform(
            setup, clock: clock,
            onSender: { event in
                switch event {
                case .coded(let chunk):
                    note { $0.ready.append(TransferRecord.Moment(seconds: $1, ordinal: chunk.ordinal)) }
                    onChunk(chunk)
                case .progress: note { $0.acknowledged = $1 }
                default: break
                }
            },
            onReceiver: { event in
                switch event {
                case .manifest: note { $0.applied.append(TransferRecord.Moment(seconds: $1, ordinal: 0)) }
                case .applied(_, let ordinal, _, _):
                    note { $0.applied.append(TransferRecord.Moment(seconds: $1, ordinal: ordinal)) }
                case .milestone(.volumeLossless, _, _, _): note { $0.exact = $1 }
                default: break
                }
            })
        var record = seen.withLock { $0 }
        record.firstDatagram = transfer.sent.timeToFirstDatagram.map(TransferRecord.rounded)
        record.done = transfer.sent.done.map(TransferRecord.rounded)
        record.wireByteCountUp = transfer.counters.up.arrivedByteCount
        record.wireByteCountDown = transfer.counters.down.arrivedByteCount
        record.droppedPacketCount = transfer.counters.up.droppedPacketCount + transfer.counters.down.droppedPacketCount
        record.retransmitRatio = transfer.sent.retransmitRatio
        record.rateBitsPerSecond = transfer.sent.rateBitsPerSecond
        return (record, transfer)
    }
}
