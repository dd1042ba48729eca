internal import Faults
internal import Foundation

/// A line of results: named values, in an order that is the same in every file.
package struct Row: Sendable, Equatable {
    /// A value.
    package enum Value: Sendable, Equatable {
        case text(String)
        case number(Double)
        case none

        /// Not there, and not a number, become none: JSON has no infinity.
        static func number(_ value: Double?) -> Value { value.map { $0.isFinite ? .number($0) : .none } ?? .none }
        static func integer(_ value: Int) -> Value { .number(Double(value)) }
    }

    /// Names and values.
    package private(set) var fields: [(name: String, value: Value)] = []

    init() {}

    package static func == (a: Row, b: Row) -> Bool { a.json == b.json }

    /// A value by name; none where there is none of the name.
    package subscript(name: String) -> Value {
        get { fields.first { $0.name == name }?.value ?? .none }
        set {
            if let index = fields.firstIndex(where: { $0.name == name }) {
                fields[index].value = newValue
            } else {
                fields.append((name, newValue))
            }
        }
    }

    /// A number by name.
    package func number(_ name: String) -> Double? { if case .number(let value) = self[name] { value } else { nil } }
    /// A text by name.
    package func text(_ name: String) -> String { if case .text(let value) = self[name] { value } else { "" } }

    /// One line, without its end.
    package var json: String {
        "{" + fields.map { "\(Self.quoted($0.name)):\(Self.json($0.value))" }.joined(separator: ",") + "}"
    }

    /// Reads a line.
    /// - Throws: `ExperimentError.Code.invalidResults`.
    init(json line: String) throws {
        struct Ordered: Decodable {
            let values: [String: Value]
            struct Key: CodingKey {
                let stringValue: String
                var intValue: Int? { nil }
                init?(stringValue: String) { self.stringValue = stringValue }
                init?(intValue: Int) { nil }
            }
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Key.self)
                var values: [String: Value] = [:]
                for key in container.allKeys {
                    if let number = try? container.decode(Double.self, forKey: key) {
                        values[key.stringValue] = .number(number)
                    } else if let text = try? container.decode(String.self, forKey: key) {
                        values[key.stringValue] = .text(text)
                    } else {
                        values[key.stringValue] = Value.none
                    }
                }
                self.values = values
            }
        }
        guard let read = try? JSONDecoder().decode(Ordered.self, from: Data(line.utf8)) else {
            throw ExperimentError(.invalidResults, "a line that is no result")
        }
        let known = Self.columns.filter { read.values[$0] != nil }
        let other = read.values.keys.filter { !Self.columns.contains($0) }.sorted()
        for name in known + other { fields.append((name, read.values[name] ?? .none)) }
    }

    /// As it stands in a table of comma-separated values.
    static func csv(_ value: Value) -> String {
        switch value {
        case .none: ""
        case .number(let number): text(number)
        case .text(let text):
            text.contains { ",\"\n\r".contains($0) } ? "\"\(text.replacingOccurrences(of: "\"", with: "\"\""))\"" : text
        }
    }

    private static func json(_ value: Value) -> String {
        switch value {
        case .none: "null"
        case .number(let number): text(number)
        case .text(let text): quoted(text)
        }
    }

    /// Whole numbers without a fraction, others with as many digits as they need to read back as they are.
    static func text(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? String(Int(number)) : "\(number)"
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += String(format: "\\u%04x", scalar.value)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
