internal import Faults

/// Which sender may use which secret.
///
/// As a text file, a line for each sender: its name, blanks, its secret, which goes to the line's end. Lines that begin with `#`
/// and empty ones do not count. A sender that gives no name is called `-` (``StreamIdentifier/anonymous``), there as here.
package struct AccessFile: Sendable {
    private let secrets: [String: Secret]
    private let common: Secret?

    private static let byteLimit = 1 << 20
    private static let entryLimit = 10_000

    /// Any sender, whatever it calls itself, has this secret.
    package init(single secret: Secret) {
        secrets = [:]
        common = secret
    }

    /// Reads an access file, which must be one that nobody but its owner can read.
    /// - Throws: `SecrecyError` with code `notFound`, `notPermitted`, `unreadable` or `exposed` as for ``Secret/init(path:)``;
    ///   `invalidAccessFile` for more than 1 MiB or 10000 senders, and for a line that is none or gives a name again. The message
    ///   says which line, and nothing of what stands there.
    package init(path: String) throws(SecrecyError) {
        let bytes = try SecretFile.read(path, limit: Self.byteLimit, tooLarge: .invalidAccessFile)
        var entries: [String: (secret: Secret, line: Int)] = [:]
        for (index, whole) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let line = whole.trimmed
            guard let first = line.first, first != UInt8(ascii: "#") else { continue }
            let place = "\(path), line \(index + 1)"
            // What stands in a name's place may be a secret that lacks its name: it is not repeated.
            guard let end = line.firstIndex(where: \.isBlank), SenderName.isValid(line[..<end]) else {
                throw SecrecyError(
                    .invalidAccessFile,
                    "\(place): this is not NAME SECRET, the name 1 to \(SenderName.byteLimit) letters, digits, '.', '_' and '-'")
            }
            let secret = try Secret(line[end...], place: place, code: .invalidAccessFile)
            let name = String(decoding: line[..<end], as: UTF8.self)
            if let earlier = entries.updateValue((secret, index + 1), forKey: name) {
                throw SecrecyError(.invalidAccessFile, "\(place): line \(earlier.line) gives this name already")
            }
            guard entries.count <= Self.entryLimit else {
                throw SecrecyError(.invalidAccessFile, "\(place): more than \(Self.entryLimit) senders")
            }
        }
        secrets = entries.mapValues(\.secret)
        common = nil
    }

    /// A sender's secret; nil when no such sender may send.
    package func secret(for name: String) -> Secret? { common ?? secrets[name] }
}
