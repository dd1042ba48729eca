import Faults

/// Reads Prometheus's text format, version 0.0.4, and is stricter than Prometheus: every metric has its help and type, once, and
/// its samples together.
struct PrometheusParser {
    struct Sample: Hashable {
        let name: String
        let labels: [String: String]
    }
    struct Fault: Error, Equatable {
        let line: String
    }

    private(set) var types: [String: String] = [:]
    private(set) var values: [Sample: Double] = [:]

    init(_ text: String) throws {
        var current = ""
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.popLast() == "" else { throw Fault(line: "the last line has no end") }
        var helped: Set<String> = []
        for line in lines {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP "), words.count == 4 {
                guard helped.insert(words[2]).inserted else { throw Fault(line: line) }
                current = words[2]
            } else if line.hasPrefix("# TYPE "), words.count == 4, words[2] == current, types[current] == nil {
                guard ["counter", "gauge"].contains(words[3]) else { throw Fault(line: line) }
                types[current] = words[3]
            } else {
                let (sample, value) = try Self.sample(line)
                guard sample.name == current, types[current] != nil, values.updateValue(value, forKey: sample) == nil else {
                    throw Fault(line: line)
                }
            }
        }
    }

    /// A sample's value.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? { values[Sample(name: name, labels: labels)] }

    private static func sample(_ line: String) throws -> (Sample, Double) {
        var rest = line.unicodeScalars[...]
        func take(while isWanted: (Unicode.Scalar) -> Bool) -> String {
            let taken = rest.prefix(while: isWanted)
            rest = rest[taken.endIndex...]
            return String(String.UnicodeScalarView(taken))
        }
        func expect(_ scalar: Unicode.Scalar) throws {
            guard rest.popFirst() == scalar else { throw Fault(line: line) }
        }
        let isNamed: (Unicode.Scalar) -> Bool = { $0.isASCII && ($0.properties.isAlphabetic || $0 == "_") }
        let name = take(while: isNamed)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            repeat {
                _ = rest.popFirst()
                let label = take(while: isNamed)
                try expect("=")
                try expect("\"")
                var value = String.UnicodeScalarView()
                while let scalar = rest.popFirst(), scalar != "\"" {
                    guard scalar == "\\" else {
                        value.append(scalar)
                        continue
                    }
                    switch rest.popFirst() {
                    case "\\": value.append("\\")
                    case "\"": value.append("\"")
                    case "n": value.append("\n")
                    default: throw Fault(line: line)
                    }
                }
                guard !label.isEmpty, labels.updateValue(String(value), forKey: label) == nil else { throw Fault(line: line) }
            } while rest.first == ","
            try expect("}")
        }
        try expect(" ")
        guard !name.isEmpty, let number = Double(String(String.UnicodeScalarView(rest))) else { throw Fault(line: line) }
        return (Sample(name: name, labels: labels), number)
    }
}
