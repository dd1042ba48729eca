/// The statement of a sender about itself before anything is encrypted: SRT's stream ID, in the syntax of SRT's access control, as
/// `#!::u=NAME,m=publish,t=fovea1`. Anyone on the way can read it, and nobody has proved it yet.
package struct StreamIdentifier: Sendable, Equatable {
    /// The name that the sender gives itself: 1 to 64 of the characters A-Z a-z 0-9 . _ -. It is no file name: `..` is one of these.
    package let sender: String

    /// A sender that gives no name.
    package static let anonymous = StreamIdentifier(unchecked: "-")

    private static let byteLimit = 512
    private static let prefix = "#!::"

    private init(unchecked sender: String) { self.sender = sender }

    /// Takes a sender's name; the empty one is `-`. Nil for what is no name.
    package init?(sender: String) {
        guard !sender.isEmpty else {
            self = .anonymous
            return
        }
        guard SenderName.isValid(Array(sender.utf8)[...]) else { return nil }
        self.sender = sender
    }

    /// Reads what a sender sent: keys in any order, keys that are not known passed over. Nil for other syntax, more than 512
    /// bytes, a known key twice or not at all, another mode or type, or no valid name.
    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.byteLimit, bytes.starts(with: Self.prefix.utf8) else { return nil }
        var known: [String: ArraySlice<UInt8>] = ["u": [], "m": [], "t": []]
        for pair in bytes[Self.prefix.utf8.count...].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), equals > pair.startIndex else { return nil }
            let key = String(decoding: pair[..<equals], as: UTF8.self)
            guard let earlier = known[key] else { continue }
            // No known key has an empty value, so an empty one is one that has not come yet.
            let value = pair[(equals + 1)...]
            guard earlier.isEmpty, !value.isEmpty else { return nil }
            known[key] = value
        }
        guard let mode = known["m"], mode.elementsEqual("publish".utf8), let type = known["t"], type.elementsEqual("fovea1".utf8),
            let name = known["u"], SenderName.isValid(name)
        else { return nil }
        sender = String(decoding: name, as: UTF8.self)
    }

    /// The stream ID, which ``init(parsing:)`` reads.
    package var text: String { "\(Self.prefix)u=\(sender),m=publish,t=fovea1" }
}

/// The names that senders may have: nothing that would have to be escaped in a stream ID or would break a line.
enum SenderName {
    static let byteLimit = 64

    static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
        (1...byteLimit).contains(bytes.count) && bytes.allSatisfy(isAllowed)
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
