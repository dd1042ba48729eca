internal import Foundation
package import WireFormat

extension Name {
    /// A name no other session has: the time and a random tail.
    package static func fresh() -> Name {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = "yyyyMMdd-HHmmss"
        return Name(cleaning: formatter.string(from: Date()) + String(format: "-%06x", UInt32.random(in: 0..<1 << 24)))
    }
}
