/// Metrics in Prometheus's text format, version 0.0.4.
struct PrometheusText {
    enum Kind: String {
        case gauge, counter
    }

    /// One line: what it is about, and a number.
    struct Sample {
        let labels: [(name: String, value: String)]
        let number: String

        init(_ labels: [(name: String, value: String)], _ value: Int) {
            self.labels = labels
            number = String(value)
        }

        init(_ labels: [(name: String, value: String)], _ value: Double) {
            self.labels = labels
            number = if value.isNaN { "NaN" } else if value.isInfinite { value < 0 ? "-Inf" : "+Inf" } else { "\(value)" }
        }
    }

    private(set) var text = ""

    /// Adds a metric with all its samples, which the format wants together; nothing where there is none.
    /// - Parameter help: a sentence without backslashes and line breaks.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            text += name
            if !sample.labels.isEmpty {
                text += "{" + sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
            }
            text += " \(sample.number)\n"
        }
    }

    /// A label's value as the format has it. By scalars: a Character may hold a line break together with a carriage return.
    static func escaped(_ value: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": scalars.append(contentsOf: #"\\"#.unicodeScalars)
            case "\"": scalars.append(contentsOf: #"\""#.unicodeScalars)
            case "\n": scalars.append(contentsOf: #"\n"#.unicodeScalars)
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }
}
