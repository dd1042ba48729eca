internal import Faults
internal import Files
internal import Glibc

/// Reads files that hold secrets, and only such as others can neither read nor write.
enum SecretFile {
    /// All bytes of a file.
    /// - Throws: `SecrecyError.Code.notFound`, `notPermitted`, `unreadable`, `exposed`; `tooLarge` for more than `limit` bytes.
    static func read(_ path: String, limit: Int, tooLarge: SecrecyError.Code) throws(SecrecyError) -> [UInt8] {
        let file: PlainFile
        do throws(FileError) { file = try PlainFile(path) } catch { throw refusal(error, path, tooLarge: tooLarge) }
        guard file.owner == geteuid() || file.owner == 0 else {
            throw SecrecyError(.exposed, "\(path): this file is another user's; secrets are read from your own or from root's")
        }
        guard file.isOwnersAlone else {
            throw SecrecyError(.exposed, "\(path): others may use this file; chmod 600 keeps it to its owner")
        }
        do throws(FileError) { return try file.contents(limit: limit) } catch { throw refusal(error, path, tooLarge: tooLarge) }
    }

    private static func refusal(_ error: FileError, _ path: String, tooLarge: SecrecyError.Code) -> SecrecyError {
        let code: SecrecyError.Code =
            switch error.code {
            case .notFound: .notFound
            case .notPermitted: .notPermitted
            case .tooLarge: tooLarge
            default: .unreadable
            }
        return SecrecyError(code, "\(path): \(error.message)")
    }
}

extension UInt8 {
    /// A space or a tab.
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
    /// True for a byte that may follow a line's text: a blank, or a line's end as any system writes it.
    var isTrailing: Bool { isBlank || self == UInt8(ascii: "\n") || self == UInt8(ascii: "\r") }
}

extension ArraySlice where Element == UInt8 {
    /// The bytes that are left without space around them.
    var trimmed: ArraySlice<UInt8> {
        var rest = drop(while: \.isTrailing)
        while rest.last?.isTrailing == true { rest.removeLast() }
        return rest
    }
}
