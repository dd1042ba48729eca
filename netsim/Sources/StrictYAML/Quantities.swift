/// Numbers with units as profiles write them.
package enum Quantities {
    private static func split(_ text: String) -> (number: Double, unit: String)? {
        let trimmed = text.filter { $0 != " " }
        let end = trimmed.firstIndex { !($0.isNumber || $0 == "." || $0 == "-" || $0 == "+") } ?? trimmed.endIndex
        guard let number = Double(trimmed[..<end]), number.isFinite else { return nil }
        return (number, String(trimmed[end...]))
    }

    package static let rateForm = "a rate such as 384 kbit/s, 2 Mbit/s or 1 Gbit/s"
    /// Bits a second.
    package static func rate(_ text: String) -> Double? {
        guard let (number, unit) = split(text), number > 0 else { return nil }
        switch unit {
        case "bit/s": return number
        case "kbit/s": return number * 1e3
        case "Mbit/s": return number * 1e6
        case "Gbit/s": return number * 1e9
        default: return nil
        }
    }

    package static let timeForm = "a time such as 500 us, 80 ms or 2 s"
    package static func time(_ text: String) -> Duration? {
        guard let (number, unit) = split(text), (0...1e6).contains(number) else { return nil }
        switch unit {
        case "us": return .nanoseconds(Int64(number * 1e3))
        case "ms": return .nanoseconds(Int64(number * 1e6))
        case "s": return .nanoseconds(Int64(number * 1e9))
        default: return nil
        }
    }

    package static let shareForm = "a share such as 1 % or 0.01, from 0 to 100 %"
    package static func share(_ text: String) -> Double? {
        guard let (number, unit) = split(text) else { return nil }
        let share = unit == "%" ? number / 100 : unit.isEmpty ? number : -1
        return (0...1).contains(share) ? share : nil
    }

    package static let byteForm = "a number of bytes such as 64 KiB, 1 MiB or 100 kB"
    package static func bytes(_ text: String) -> Int? {
        guard let (number, unit) = split(text), (0...1e12).contains(number) else { return nil }
        switch unit {
        case "B": return Int(number)
        case "kB": return Int(number * 1e3)
        case "MB": return Int(number * 1e6)
        case "KiB": return Int(number * 1024)
        case "MiB": return Int(number * 1_048_576)
        default: return nil
        }
    }

    /// A whole number of packets.
    package static func packets(_ text: String) -> Int? {
        guard let (number, unit) = split(text), (0...1e9).contains(number), number == number.rounded() else { return nil }
        return unit == "packets" || unit == "packet" ? Int(number) : nil
    }

    package static let numberForm = "a number such as 3 or 2.5"
    package static func number(_ text: String) -> Double? {
        guard let (number, unit) = split(text), unit.isEmpty else { return nil }
        return number
    }
}
