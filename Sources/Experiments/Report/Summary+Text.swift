internal import Foundation

extension Summary {
    /// A column of the tables for people.
    struct Column {
        let name: String
        let title: String
        let unit: String
        let scale: Double
        let digits: Int
    }

    /// The columns that people are shown of each group.
    static let columns = [
        Column(name: "time_to_roi", title: "ROI", unit: "s", scale: 1, digits: 2),
        Column(name: "time_to_background", title: "background", unit: "s", scale: 1, digits: 2),
        Column(name: "time_to_roi_exact", title: "ROI exact", unit: "s", scale: 1, digits: 2),
        Column(name: "time_to_exact", title: "exact", unit: "s", scale: 1, digits: 2),
        Column(name: "roi_speed_index", title: "ROI speed index", unit: "s", scale: 1, digits: 2),
        Column(name: "goodput_bps", title: "goodput", unit: "Mbit/s", scale: 1e-6, digits: 3),
        Column(name: "overhead", title: "overhead", unit: "", scale: 1, digits: 3),
    ]

    /// Those of which some group has a value.
    var shownColumns: [Column] {
        Self.columns.filter { column in groups.contains { $0.estimate(column.name) != nil } }
    }

    static func number(_ value: Double?, _ column: Column) -> String {
        value.map { String(format: "%.\(column.digits)f", $0 * column.scale) } ?? "-"
    }

    /// The keys that tell the groups apart.
    var labelKeys: [String] { varying.isEmpty ? ["link"] : varying }

    /// A table of medians.
    var text: String {
        let columns = shownColumns
        var lines = [labelKeys + columns.map { $0.unit.isEmpty ? $0.title : "\($0.title) \($0.unit)" }]
        for group in groups {
            lines.append(labelKeys.map { group.first.text($0) } + columns.map { Self.number(group.estimate($0.name)?.median, $0) })
        }
        let widths = lines[0].indices.map { index in lines.map { $0[index].count }.max() ?? 0 }
        return lines.map { line in
            line.enumerated().map { index, cell in
                let padding = String(repeating: " ", count: widths[index] - cell.count)
                return index < labelKeys.count ? cell + padding : padding + cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

extension Row {
    /// A line that tells a transfer from the others.
    package var listing: String {
        [Row.csv(self["cell"]), text("key"), label, text("transport")].joined(separator: "  ")
    }
}
