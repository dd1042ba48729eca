internal import Faults
package import Receipts
internal import Transfer
internal import Foundation
package import WireFormat

/// The facts that a session's folder gives of itself: its receipt, before any volume is read.
package struct StoredSession: Sendable, Equatable {
    /// The state that a session may be said to have when it is not being received.
    package enum State: String, Sendable, Encodable {
        /// Complete; every file has the digest of its receipt and of its source.
        case exact
        /// Complete and exact by its receipt, which its files have not been compared with, or whose word does not count.
        case unverified
        /// Complete, and not exact: as it was sent.
        case lossy
        /// It ended early.
        case incomplete
        /// Its files are not what its receipt says, or cannot be read.
        case failed
    }

    /// The session's name.
    package let name: Name
    /// The state of the session.
    public internal(set) var state: State
    /// Why it is no more than that, for a person.
    public internal(set) var message: String?
    /// When it began, by its receipt, else when its folder was last added to; in seconds since 1970.
    public internal(set) var date: Double
    /// The volumes' names, in the receipt's order; empty where there is no receipt.
    public internal(set) var volumes: [String] = []
    /// The identities of its files when this was said.
    var identities: [StoredFolder.Identity?] = []
    /// The files that its receipt is about.
    private var files: [String] = []

    /// The most bytes of a receipt: one of 16 volumes with 64 regions each takes a quarter.
    static let receiptByteLimit = 1 << 20

    /// Looks at a session's folder. No volume is read: what would be exact is `unverified`.
    /// - Parameters:
    ///   - root: the receiver's folder.
    ///   - key: what this receiver signs its receipts with, if it does.
    /// - Returns: nil where there is no such session, or nothing of one yet.
    package static func look(_ root: String, _ name: Name, key: ReceiptKey? = nil) -> StoredSession? {
        StoredFolder(root: root, session: name).flatMap { look($0, name, key: key)?.session }
    }

    /// As ``look(_:_:key:)``, with the receipt where there is one to be believed.
    static func look(_ folder: StoredFolder, _ name: Name, key: ReceiptKey?) -> (session: StoredSession, receipt: ReceiptFile?)? {
        guard let whole = folder.identity(of: ".") else { return nil }
        var session = StoredSession(name: name, state: .incomplete, date: Double(whole.seconds))
        guard folder.identity(of: ReceiptFile.name) != nil else {
            guard folder.hasFile(endingIn: ".nii.gz") else { return nil }
            session.message = "There is no receipt: the receiver was stopped before the session ended."
            session.identities = session.currentIdentities(in: folder)
            return (session, nil)
        }
        let receipt = session.judge(folder, key)
        session.identities = session.currentIdentities(in: folder)
        return (session, receipt)
    }

    /// Takes the receipt's word as far as it goes; nil where it is not to be believed.
    private mutating func judge(_ folder: StoredFolder, _ key: ReceiptKey?) -> ReceiptFile? {
        guard let bytes = folder.contents(of: ReceiptFile.name, limit: Self.receiptByteLimit) else {
            return failed("The receipt cannot be read, or is larger than \(Self.receiptByteLimit) bytes.")
        }
        let receipt: ReceiptFile
        let signature: ReceiptFile.Signature
        do {
            (receipt, signature) = try ReceiptFile.check(
                bytes, signature: folder.contents(of: ReceiptFile.signatureName, limit: 1 << 10), trusted: nil,
                path: ReceiptFile.name)
        } catch let error as ReceiptError {
            return failed("The receipt is not to be believed: \(error.message).")
        } catch {
            return failed("The receipt is none.")
        }
        guard receipt.session == name.text else { return failed("The receipt is of another session.") }
        guard !receipt.volumes.isEmpty, receipt.volumes.count <= WireLimits.volumeCount,
            receipt.volumes.allSatisfy({ (try? Name($0.name)) != nil })
        else { return failed("The receipt names no volumes that can be.") }
        volumes = receipt.volumes.map(\.name)
        if let begun = receipt.begun.flatMap({ try? Date($0, strategy: .iso8601) }) { date = begun.timeIntervalSince1970.rounded() }
        files = receipt.volumes.compactMap { try? receipt.fileName(of: $0) }
        guard receipt.complete else {
            message = receipt.interruption.map { "It ended early: \(Name.printable($0, limit: 300))" } ?? "It ended early."
            return receipt
        }
        guard receipt.volumes.allSatisfy({ $0.state == VolumeState.lossless.name }) else {
            state = .lossy
            return receipt
        }
        state = .unverified
        message = "Its files have not been compared with its receipt since the receiver began."
        if let key, signature != .valid(key.publicKey) { message = Self.foreignMessage }
        return receipt
    }

    private mutating func failed(_ message: String) -> ReceiptFile? {
        fail(message)
        return nil
    }

    /// Of a receipt that this receiver, which has a key, did not sign: whoever can write here could have made it.
    static let foreignMessage = "Its receipt is not signed with this receiver's key."

    mutating func fail(_ message: String) {
        state = .failed
        self.message = message
    }

    /// Returns the present identity of each file that this speaks of.
    func currentIdentities(in folder: StoredFolder) -> [StoredFolder.Identity?] {
        ([".", ReceiptFile.name, ReceiptFile.signatureName] + files).map { folder.identity(of: $0) }
    }

    /// Tells whether the files are still those that this was said of.
    package func isCurrent(_ root: String) -> Bool {
        guard let folder = StoredFolder(root: root, session: name) else { return false }
        return currentIdentities(in: folder) == identities
    }

    /// Tells whether two looks were at the same files.
    package func isOfSameFiles(as other: StoredSession) -> Bool { identities == other.identities }

    /// Returns the session as it is said to be by one who has compared the same files with the same receipt.
    package func settled(_ state: State, _ message: String?) -> StoredSession {
        var copy = self
        (copy.state, copy.message) = (state, message)
        return copy
    }
}
