public import Bytes
public import Faults

/// A session's or a volume's name: safe as a file name anywhere, whoever sent it.
public struct Name: Sendable, Hashable, CustomStringConvertible {
    /// 1 to 64 of the characters A-Z a-z 0-9 . _ -, the first no dot or dash.
    public let text: String

    /// Takes a name as it is.
    /// - Throws: `FormatError.Code.invalidField` when it has other characters or length.
    public init(_ text: String) throws(FormatError) {
        let bytes = Array(text.utf8)
        guard (1...WireLimits.nameByteCount).contains(bytes.count), bytes.allSatisfy(Self.isAllowed), bytes[0] != UInt8(ascii: "."),
            bytes[0] != UInt8(ascii: "-")
        else {
            throw FormatError(
                .invalidField,
                "'\(Name.printable(text))' is no name: use 1 to \(WireLimits.nameByteCount) letters, digits, '.', '_' and '-', neither '.' nor '-' first"
            )
        }
        self.text = text
    }

    /// The nearest name to any text: other characters become '_'.
    public init(cleaning text: String) {
        var bytes = text.utf8.prefix(WireLimits.nameByteCount).map { Self.isAllowed($0) ? $0 : UInt8(ascii: "_") }
        if let first = bytes.first, first == UInt8(ascii: ".") || first == UInt8(ascii: "-") { bytes[0] = UInt8(ascii: "_") }
        self.text = bytes.isEmpty ? "volume" : String(decoding: bytes, as: UTF8.self)
    }

    public var description: String { text }

    private static let unprintable: Set<Unicode.GeneralCategory> = [
        .control, .format, .lineSeparator, .paragraphSeparator, .privateUse,
    ]

    /// A peer's text as it may be shown: on one line, without anything that steers a terminal, and not too long.
    public static func printable(_ text: String, limit: Int = 80) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(limit).map {
                    unprintable.contains($0.properties.generalCategory) ? "?" : $0
                }))
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
