internal import Concurrency
internal import Faults
internal import Journal
internal import Metrics
internal import SRTTransport
internal import Secrecy
internal import StreamSession
internal import Transfer
internal import WireFormat

extension ReceivingSession {
    /// A sender has said who it is: finds what there is of its session, and takes it over from a connection that has fallen silent.
    func begin(_ hello: Hello) {
        connection.vouch()
        self.hello = hello
        summary.session = hello.session.text
        summary.sender = senderName == "-" ? nil : senderName
        summary.peer = connection.peer
        // Half a round trip after it was said.
        senderStart =
            clock.elapsed - .microseconds(Int64(clamping: hello.elapsedMicroseconds))
            - .microseconds(Int64(hello.roundTripMicroseconds / 2))
        meter = SessionMeter(store: site.metrics, session: hello.session.text, role: .receiver)
        meter?.state = .transferring
        let begun = journalBeginning
        let path = "\(site.folder)/\(hello.session)"
        let sender = senderName
        phase = .opening(
            Task { [site, registry, mailbox] in
                do {
                    let claim = try await registry.claim(hello.session.text, sender: sender)
                    do {
                        let (writer, contents, stored) = try await OwnThread.run {
                            let isNew = try SessionFolder.make(
                                root: site.folder, session: hello.session, permissions: site.folderPermissions)
                            let stored = CompletedSession(folder: path)
                            do {
                                let (writer, contents) = try JournalWriter.open(
                                    folder: path, begun: begun, byteLimit: site.limits.journalByteCount, system: site.system.journal
                                ) {
                                    mailbox.put(.failed($0))
                                }
                                return (writer, contents, stored)
                            } catch {
                                // Without a journal it would be nobody's to go on with.
                                if isNew { SessionFolder.discard(path) }
                                throw error
                            }
                        }
                        guard contents.begun == nil || contents.begun == begun else {
                            throw TransferError(.sessionExists, "the session '\(hello.session)' belongs to another sender")
                        }
                        if let receipt = contents.receipt {
                            do {
                                try await OwnThread.run { try stored.check(receipt, session: hello.session) }
                            } catch {
                                await writer.close()
                                throw error
                            }
                        }
                        mailbox.put(.opened(writer, contents, claim, stored))
                    } catch {
                        registry.release(hello.session.text, claim)
                        throw error
                    }
                } catch {
                    mailbox.put(.failed(error))
                }
            })
    }
}
