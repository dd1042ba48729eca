internal import Foundation
package import ProgressiveCoding

/// A value of an event's field, as JSON has it.
public enum JSONValue: Encodable, Sendable, Equatable {
    case text(String)
    case number(Double)
    case integer(Int)
    case flag(Bool)
    case list([JSONValue])
    case object([String: JSONValue])
    case none

    /// JSON has no infinity: it becomes null.
    package static func number(_ value: Double?) -> JSONValue { value.map { $0.isFinite ? .number($0) : .none } ?? .none }
    /// Returns how much of a volume is exact, as every command and the view say it.
    package static func completeness(_ value: Completeness) -> JSONValue {
        .object([
            "exact_voxels": .integer(value.exactVoxelCount), "body_voxels": value.bodyVoxelCount.map { .integer($0) } ?? .none,
            "share": .number(value.share), "bytes": .integer(value.byteCount),
        ])
    }
    package static func text(_ value: String?) -> JSONValue { value.map { .text($0) } ?? .none }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .flag(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .object(let values): try container.encode(values)
        case .none: try container.encodeNil()
        }
    }

    /// One line, keys sorted, without the line's end.
    package var line: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}

extension JSONValue {
    /// The text; nil for a value of another kind.
    public var text: String? { if case .text(let value) = self { value } else { nil } }
    /// The number, whole or not; nil for a value of another kind.
    public var number: Double? {
        switch self {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }
    /// The truth value; nil for a value of another kind.
    public var flag: Bool? { if case .flag(let value) = self { value } else { nil } }
}
