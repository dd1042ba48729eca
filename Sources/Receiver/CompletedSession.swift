internal import Bytes
internal import Faults
internal import Receipts
internal import Transfer
internal import Foundation
internal import WireFormat

/// The facts that a session's folder gives of it before its journal is opened: when it began and was completed, and whether its files are still
/// what was confirmed.
struct CompletedSession: Sendable {
    private let folder: String
    private let receipt: ReceiptFile?
    private let journalChanged: Date
    /// When the session began: what the receipt of an earlier connection says, or now.
    let begun: Date

    init(folder: String) {
        self.folder = folder
        receipt = try? ReceiptFile.read(folder: folder).receipt
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(JournalWriter.fileName)")
        journalChanged = attributes?[.modificationDate] as? Date ?? Date()
        let told = (receipt?.begun).flatMap { try? Date($0, strategy: .iso8601) }
        begun = told ?? Date()
    }

    /// The digest of the manifest's record, where a receipt tells it.
    var manifestDigest: Digest? { (receipt?.manifestSha256).flatMap { Digest(hexadecimal: $0) } }

    /// Looks at the files of a session that its journal calls complete, before anybody is told so again.
    /// - Parameter confirmed: what the sender was told.
    /// - Throws: `TransferError.Code.sessionChanged` when a file is gone, a link, or another one.
    func check(_ confirmed: Receipt, session: Name) throws {
        guard isWhole(confirmed) else {
            let completed = (receipt?.completed).flatMap { try? Date($0, strategy: .iso8601) } ?? journalChanged
            throw TransferError(
                .sessionChanged,
                "session '\(session)' was completed on \(Self.text(completed)); its files are gone or changed since; send under another --session"
            )
        }
    }

    private func isWhole(_ confirmed: Receipt) -> Bool {
        guard let receipt, receipt.complete, receipt.tableSha256 == confirmed.tableDigest.description,
            receipt.volumes.count == confirmed.volumes.count
        else { return false }
        return zip(receipt.volumes, confirmed.volumes).allSatisfy { volume, outcome in
            // A receipt from before there were two digests has one, that of the file.
            guard volume.state == outcome.state.name, volume.announcedSha256 ?? volume.sha256 == outcome.digest.description,
                let path = try? receipt.path(of: volume, in: folder),
                let file = try? WrittenFile(path: path, byteCount: volume.fileBytes)
            else { return false }
            return file.digest.description == volume.sha256 && (outcome.state != .lossless || file.digest == outcome.digest)
        }
    }

    private static func text(_ date: Date) -> String {
        date.formatted(.iso8601.dateSeparator(.dash).dateTimeSeparator(.space).timeSeparator(.colon)).replacingOccurrences(
            of: "Z", with: "") + " UTC"
    }
}
