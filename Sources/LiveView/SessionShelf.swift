internal import Receipts
internal import Receiver
internal import Dispatch
internal import Foundation
internal import WireFormat

/// The sessions in a receiver's folder. It is read on threads of its own: a slow disk holds up neither sessions nor pages.
final class SessionShelf: Sendable {
    let root: String
    /// The key that this receiver signs its receipts with, if it does.
    let key: ReceiptKey?
    private let listing = DispatchQueue(label: "fovea.view.listing")
    private let opening = DispatchQueue(label: "fovea.view.opening")

    /// The most sessions that are listed; of more, those that were added to last.
    static let limit = 1000

    init(_ site: ReceivingSite) {
        root = site.folder
        key = site.receiptKey
    }

    /// Returns the sessions that are there now.
    /// - Parameter known: what was found before; what has not changed since is not read again.
    func list(known: [String: StoredSession]) async -> [StoredSession] {
        await withCheckedContinuation { continuation in
            listing.async { [root, key] in
                continuation.resume(
                    returning: Self.newest(root).compactMap { name in
                        if let known = known[name.text], known.isCurrent(root) { return known }
                        return StoredSession.look(root, name, key: key)
                    })
            }
        }
    }

    /// Does what waits for the disk, one after another.
    func reading<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in opening.async { continuation.resume(returning: body()) } }
    }

    private static func newest(_ root: String) -> [Name] {
        guard let stream = opendir(root) else { return [] }
        defer { closedir(stream) }
        var found: [(seconds: Int, name: Name)] = []
        while let entry = readdir(stream) {
            let text = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            var status = stat()
            guard let name = try? Name(text), fstatat(dirfd(stream), text, &status, AT_SYMLINK_NOFOLLOW) == 0,
                status.st_mode & S_IFMT == S_IFDIR
            else { continue }
            found.append((Int(status.st_mtim.tv_sec), name))
        }
        return found.sorted { ($0.seconds, $0.name.text) > ($1.seconds, $1.name.text) }.prefix(limit).map(\.name)
    }
}
