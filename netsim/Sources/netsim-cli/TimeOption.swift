internal import ArgumentParser

/// A time given as link profiles give it: `500 ms`, `10 s`, with or without the space.
struct TimeOption: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        let text = argument.filter { $0 != " " }
        let units: [(suffix: String, nanoseconds: Double)] = [("us", 1e3), ("ms", 1e6), ("s", 1e9)]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }),
            let number = Double(text.dropLast(unit.suffix.count)), (0...1e6).contains(number)
        else { return nil }
        duration = .nanoseconds(Int64(number * unit.nanoseconds))
    }
}
