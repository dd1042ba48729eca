/// Transfers that differ in nothing but their seed, taken together.
struct Summary {
    /// Names the group: what its transfers have in common.
    static let keys = ["mode", "volume", "encoding", "order", "transport", "link"]

    struct Group {
        /// Of the first transfer.
        let first: Row
        let rows: [Row]

        var completed: [Row] { rows.filter { $0.text("state") == "complete" } }

        func estimate(_ name: String) -> Statistics.Estimate? {
            Statistics.estimate(completed.compactMap { $0.number(name) })
        }

        func label(_ keys: [String]) -> String { keys.map { first.text($0) }.joined(separator: ", ") }
    }

    let groups: [Group]

    /// - Parameter rows: in the experiment's order.
    init(_ rows: [Row]) {
        var order: [[String]] = []
        var byKey: [[String]: [Row]] = [:]
        for row in rows {
            let key = Self.keys.map { row.text($0) }
            if byKey[key] == nil { order.append(key) }
            byKey[key, default: []].append(row)
        }
        groups = order.compactMap { key in
            byKey[key].flatMap { rows in rows.first.map { Group(first: $0, rows: rows) } }
        }
    }

    /// Which of the keys have more than one value.
    var varying: [String] { Self.keys.filter { key in Set(groups.map { $0.first.text(key) }).count > 1 } }

    /// A table of comma-separated values: medians, intervals, and what the intervals cover.
    var csv: String {
        let parameters = Self.keys + ["rate_bps", "round_trip_ms", "loss", "until", "coding", "version"]
        var header = parameters + ["transfers", "failed", "coverage"]
        for name in Row.medians { header += [name, "\(name)_low", "\(name)_high"] }
        header += Row.sizes
        var lines = [header.joined(separator: ",")]
        for group in groups {
            var values: [Row.Value] = parameters.map { group.first[$0] }
            values += [.integer(group.rows.count), .integer(group.rows.count - group.completed.count)]
            values.append(.number(group.estimate("time_to_roi").map { ($0.coverage * 1e4).rounded() / 1e4 }))
            for name in Row.medians {
                let estimate = group.estimate(name)
                values += [.number(estimate?.median), .number(estimate?.low), .number(estimate?.high)]
            }
            values += Row.sizes.map { group.first[$0] }
            lines.append(values.map(Row.csv).joined(separator: ","))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Results as comma-separated values, a line a transfer.
    static func table(_ rows: [Row]) -> String {
        let lines =
            [Row.columns.joined(separator: ",")] + rows.map { row in Row.columns.map { Row.csv(row[$0]) }.joined(separator: ",") }
        return lines.joined(separator: "\n") + "\n"
    }
}
