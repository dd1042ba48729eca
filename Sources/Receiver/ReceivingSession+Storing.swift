internal import Concurrency
internal import Bytes
internal import Faults
internal import Receipts
internal import NIfTIFile
internal import ProgressiveCoding
internal import SRTTransport
internal import StreamSession
internal import WireFormat

extension ReceivingSession {
    /// Checks everything against the sender's table, writes it, reads it back, and only then says so.
    func store(_ digest: Digest) {
        guard let decoder, let folder, let table, let hello else {
            mailbox.put(.failed(CodingError(.verificationFailed, "the sender ends before its manifest and table have come")))
            return
        }
        let begun = journalBeginning
        let origin = origin
        phase = .storing(
            Task { [mailbox, writer, manifestRecord, site] in
                do {
                    guard table.digest == digest else {
                        throw CodingError(.verificationFailed, "the sender's table is not the one it ends with")
                    }
                    try await decoder.check(table.content, manifest: manifestRecord)
                    var outcomes: [Receipt.Volume] = []
                    for index in decoder.layouts.indices { outcomes.append(try await decoder.outcome(volume: index)) }
                    guard outcomes == table.content.outcomes else {
                        throw CodingError(.verificationFailed, "the volume here does not have the digest of the sender's")
                    }
                    let files = try await folder.finish(outcomes, isComplete: true)
                    try await Self.receipt(origin, hello, decoder, outcomes, files, table: digest, interruption: nil)
                        .write(to: folder.path, signedWith: site.receiptKey)
                    let receipt = Receipt(tableDigest: digest, volumes: outcomes)
                    await writer?.finish(folder: folder.path, begun: begun, receipt: receipt)
                    let volumes = zip(files, outcomes).enumerated().map { index, stored in
                        ReceivingSite.ReceivedVolume(
                            path: folder.volumePath(index, stored.1.state), qualityPath: folder.qualityPath(index),
                            digest: stored.0.digest, fileDigest: stored.0.fileDigest, state: stored.1.state)
                    }
                    mailbox.put(.stored(receipt, volumes))
                } catch {
                    // Neither the files nor the receipt that are left may call anything exact that was not the sender's.
                    if error is CodingError {
                        await decoder.distrust()
                        mailbox.put(.distrusted(await decoder.completeness()))
                    }
                    mailbox.put(.failed(error))
                }
            })
    }

    /// The origin of the session, for its receipt.
    var origin: ReceiptFile.Origin {
        ReceiptFile.Origin(sender: senderName, peer: connection.peer, begun: begunAt, manifestDigest: manifestDigest)
    }

    /// Leaves what has arrived as whole files, with a receipt that says what is missing.
    func leave(because reason: String) async {
        guard let hello, let decoder, let folder else { return }
        var outcomes: [Receipt.Volume] = []
        for index in decoder.layouts.indices {
            guard let outcome = try? await decoder.outcome(volume: index) else { return }
            outcomes.append(outcome)
        }
        // A receipt for files that could not be written would say too much.
        guard let files = try? await folder.finish(outcomes, isComplete: false) else { return }
        try? await Self.receipt(origin, hello, decoder, outcomes, files, table: table?.digest, interruption: reason)
            .write(to: folder.path, signedWith: site.receiptKey)
    }

    /// Digests every volume: on a thread of its own, for Swift's pool has to wait for others.
    private static func receipt(
        _ origin: ReceiptFile.Origin, _ hello: Hello, _ decoder: SessionDecoder, _ outcomes: [Receipt.Volume],
        _ files: [WrittenFile], table: Digest?, interruption: String?
    ) async throws -> ReceiptFile {
        var snapshots: [(VolumeAssembler, [RegionStanding])] = []
        for index in outcomes.indices {
            snapshots.append((await decoder.snapshot(volume: index), await decoder.standing(volume: index)))
        }
        let volumes = try await OwnThread.run { [snapshots, manifest = decoder.manifest] in
            snapshots.enumerated().map { index, seen in
                ReceiptFile.Volume(
                    manifest.volumes[index], outcomes[index], files[index], isComplete: interruption == nil, seen.0, seen.1)
            }
        }
        let bytes = await decoder.receivedBytes()
        return ReceiptFile(
            origin, session: hello.session.text, complete: interruption == nil, goal: hello.goal.name,
            tableSha256: table?.description,
            volumes: volumes, bytesByLayer: Dictionary(uniqueKeysWithValues: bytes.map { ($0.key.name, $0.value) }),
            interruption: interruption)
    }
}
