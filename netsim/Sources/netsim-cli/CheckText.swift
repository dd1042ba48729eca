internal import NetSim

/// Shows what a check has measured.
enum CheckText {
    /// For people.
    static func sentences(_ report: CheckReport) -> String {
        let rate = report.measuredRateBitsPerSecond.map {
            "\(megabits($0)) of \(megabits(report.requestedRateBitsPerSecond)) Mbit/s "
                + "(\(rounded(($0 / report.requestedRateBitsPerSecond - 1) * 100, 3)) %)"
        }
        let opportunities = report.opportunities.map { ", \($0.used) of \($0.requested) opportunities" } ?? ""
        let delay = report.medianDelayError.map {
            "delay error p50 \(rounded($0 / .milliseconds(1), 3)) ms, p99 \(rounded((report.delayError99 ?? $0) / .milliseconds(1), 3)) ms"
        }
        let bursts = report.measuredBurstLength.map {
            ", bursts \(rounded($0, 2)) of \(rounded(report.requestedBurstLength, 2)) packets"
        }
        return "\(report.heading.rawValue): rate \(rate ?? "not measured")\(opportunities); \(delay ?? "no packet arrived"); "
            + "loss \(rounded(report.measuredLoss * 100, 3)) of \(rounded(report.requestedLoss * 100, 3)) %\(bursts ?? "")"
            + " over \(report.probeCount) packets"
    }

    /// For programs: the way up in the summary's own fields, and the way down in the same ones under `down`.
    static func summary(_ reports: [CheckReport]) -> String {
        let isWhole = reports.allSatisfy(\.shortcomings.isEmpty)
        let up = reports.filter { $0.heading == .up }.map(fields).joined()
        let down = reports.filter { $0.heading == .down }.map { "\"down\":{\(fields($0)),\"ok\":\($0.shortcomings.isEmpty)}" }
        return "{\"event\":\"summary\",\(up),\(down.joined()),\"ok\":\(isWhole)}"
    }

    private static func fields(_ report: CheckReport) -> String {
        var fields: [(String, String)] = [
            ("requested_rate_bps", rounded(report.requestedRateBitsPerSecond, 1)),
            ("measured_rate_bps", number(report.measuredRateBitsPerSecond, 1)),
            ("delay_error_p50_ms", number(report.medianDelayError.map { $0 / .milliseconds(1) }, 4)),
            ("delay_error_p99_ms", number(report.delayError99.map { $0 / .milliseconds(1) }, 4)),
            ("requested_loss", rounded(report.requestedLoss, 6)), ("measured_loss", rounded(report.measuredLoss, 6)),
            ("requested_burst_length", rounded(report.requestedBurstLength, 4)),
            ("measured_burst_length", number(report.measuredBurstLength, 4)), ("packets", "\(report.probeCount)"),
        ]
        if let opportunities = report.opportunities {
            fields.append(("requested_opportunities", "\(opportunities.requested)"))
            fields.append(("used_opportunities", "\(opportunities.used)"))
        }
        return fields.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",")
    }

    private static func megabits(_ rate: Double) -> String { rounded(rate / 1e6, 4) }

    private static func number(_ value: Double?, _ digits: Int) -> String { value.map { rounded($0, digits) } ?? "null" }

    /// Never in powers of ten, and without zeros at the end.
    private static func rounded(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "null" }
        var scale: Int64 = 1
        for _ in 0..<min(digits, value.magnitude < 1e9 ? digits : 1) { scale *= 10 }
        let scaled = Int64((value * Double(scale)).rounded())
        let (whole, rest) = scaled.magnitude.quotientAndRemainder(dividingBy: scale.magnitude)
        var fraction = String(scale.magnitude + rest).dropFirst()
        while fraction.last == "0" { fraction = fraction.dropLast() }
        return (scaled < 0 ? "-" : "") + "\(whole)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }
}
