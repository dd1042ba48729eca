internal import Faults
internal import Foundation
internal import Yams

/// A YAML mapping of which every key must be asked for: what is left over is an error with its line.
package struct ProfileNode {
    private let file: String
    private let mapping: Node.Mapping
    private let line: Int
    private let path: String

    /// Longer messages are cut off.
    private static let longestMessage = 500

    /// Reads a profile.
    package static func read(_ file: String) throws(ProfileError) -> ProfileNode {
        guard let data = FileManager.default.contents(atPath: file), data.count <= 1 << 20 else {
            throw ProfileError(.unreadable, "\(file): cannot be read, or is larger than a profile may be")
        }
        return try parse(String(decoding: data, as: UTF8.self), file: file)
    }

    package static func parse(_ text: String, file: String) throws(ProfileError) -> ProfileNode {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw ProfileError(.notYAML, "\(file): not YAML: \("\(error)".split(separator: "\n").joined(separator: " "))")
        } catch {
            throw ProfileError(.notYAML, "\(file): not YAML: \(error)")
        }
        guard let node, let mapping = node.mapping else {
            throw ProfileError(.notYAML, "\(file): a profile is a mapping of keys to values")
        }
        return ProfileNode(file: file, mapping: mapping, line: node.mark?.line ?? 1, path: "")
    }

    private func place(_ node: Node?) -> String { "\(file):\(node?.mark?.line ?? line)" }
    private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
    private func fail(_ code: ProfileError.Code, _ node: Node?, _ message: String) -> ProfileError {
        // A key or a value may hold line feeds or be of any length, and an error is one line.
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        return ProfileError(code, "\(place(node)): \(line.prefix(Self.longestMessage))")
    }

    /// Returns the error to throw where a key is missing, or one of those that would do instead.
    package func missing(_ key: String, or others: String...) -> ProfileError {
        fail(.missingKey, nil, "key '\(full(key))' is missing, or \(others.map { "'\(full($0))'" }.joined(separator: " or "))")
    }

    /// Refuses every key but these.
    package func allow(_ keys: String...) throws(ProfileError) { try allow(keys) }

    /// The same, for a list.
    package func allow(_ keys: [String]) throws(ProfileError) {
        for (key, _) in mapping {
            guard let name = key.string, keys.contains(name) else {
                throw fail(
                    .unknownKey, key,
                    "unknown key '\(full(key.string ?? "?"))'; there are: \(keys.sorted().joined(separator: ", "))")
            }
        }
    }

    package func has(_ key: String) -> Bool { mapping[Node(key)] != nil }

    package func node(_ key: String) throws(ProfileError) -> ProfileNode {
        guard let node = mapping[Node(key)] else { throw fail(.missingKey, nil, "key '\(full(key))' is missing") }
        guard let inner = node.mapping else { throw fail(.invalidValue, node, "'\(full(key))' must hold keys of its own") }
        return ProfileNode(file: file, mapping: inner, line: node.mark?.line ?? line, path: full(key))
    }

    /// Tells whether a key holds keys of its own.
    package func isMapping(_ key: String) -> Bool { mapping[Node(key)]?.mapping != nil }

    /// Returns what a key holds; nil where it is left out or is `none`.
    package func nodeUnlessNone(_ key: String) throws(ProfileError) -> ProfileNode? {
        guard has(key), mapping[Node(key)]?.scalar?.string != "none" else { return nil }
        return try node(key)
    }

    package func text(_ key: String) throws(ProfileError) -> String {
        guard let node = mapping[Node(key)] else { throw fail(.missingKey, nil, "key '\(full(key))' is missing") }
        guard let text = node.scalar?.string else { throw fail(.invalidValue, node, "'\(full(key))' must be one value") }
        return text
    }

    /// Reads a value by a rule, which says what it wants when it gives nil.
    package func value<Value>(_ key: String, wants: String, _ read: (String) -> Value?) throws(ProfileError) -> Value {
        let text = try text(key)
        guard let value = read(text) else {
            throw fail(.invalidValue, mapping[Node(key)], "'\(full(key))' is '\(text)'; write \(wants)")
        }
        return value
    }

    /// Which of these keys is there, of which at most one may be; nil for none.
    package func only(_ keys: String...) throws(ProfileError) -> String? {
        let present = keys.filter(has)
        if present.count > 1 {
            let all = keys.map { "'\($0)'" }.joined(separator: ", ")
            throw fail(
                .invalidValue, mapping[Node(present[1])],
                "'\(full(present[0]))' and '\(full(present[1]))' exclude each other; give one of \(all)")
        }
        return present.first
    }

    /// A file's path, relative to the profile's own folder unless it starts with a slash.
    package func path(_ key: String) throws(ProfileError) -> String {
        let text = try text(key)
        if text.isEmpty { throw fail(.invalidValue, mapping[Node(key)], "'\(full(key))' is empty; write a file's path") }
        guard !text.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return text }
        return file[...slash] + text
    }

    /// A mapping whose keys are values too, both read by rules, in the file's order.
    package func pairs<Key, Value>(
        _ key: String, keys keyForm: String, _ readKey: (String) -> Key?,
        values valueForm: String, _ readValue: (String) -> Value?
    ) throws(ProfileError) -> [(key: Key, value: Value)] {
        let inner = try node(key)
        var pairs: [(Key, Value)] = []
        for (node, value) in inner.mapping {
            guard let text = node.string, let key = readKey(text) else {
                throw inner.fail(.invalidValue, node, "'\(inner.path)' has a key '\(node.string ?? "?")'; write \(keyForm)")
            }
            guard let number = value.scalar?.string, let value = readValue(number) else {
                throw inner.fail(
                    .invalidValue, value, "'\(inner.full(text))' is '\(value.scalar?.string ?? "?")'; write \(valueForm)")
            }
            pairs.append((key, value))
        }
        return pairs
    }

    package func choice<Value: RawRepresentable & CaseIterable>(_ key: String, _ type: Value.Type, default standard: Value)
        throws(ProfileError) -> Value
    where Value.RawValue == String {
        has(key) ? try choice(key, type) : standard
    }

    /// One of the words that a type has; it must be there.
    package func choice<Value: RawRepresentable & CaseIterable>(_ key: String, _ type: Value.Type) throws(ProfileError) -> Value
    where Value.RawValue == String {
        try value(key, wants: "one of: " + type.allCases.map(\.rawValue).joined(separator: ", ")) { Value(rawValue: $0) }
    }

    /// Yes or no; no where it is left out.
    package func flag(_ key: String) throws(ProfileError) -> Bool {
        guard has(key) else { return false }
        return try value(key, wants: "true or false") { ["true": true, "false": false][$0] }
    }

    /// The keys and values of a mapping of scalars, in the file's order.
    package func scalars() throws(ProfileError) -> [(key: String, value: String)] {
        var pairs: [(String, String)] = []
        for (key, value) in mapping {
            guard let key = key.string, let text = value.scalar?.string else {
                throw fail(.invalidValue, value, "'\(full(key.string ?? "?"))' must be one value")
            }
            pairs.append((key, text))
        }
        return pairs
    }

    /// Puts file and line before an error of a module that knows neither, and a key where the error belongs to one.
    package func wrap<Result>(_ key: String? = nil, _ body: () throws -> Result) throws(ProfileError) -> Result {
        do {
            return try body()
        } catch let error as ProfileError {
            throw error
        } catch {
            if let key { throw fail(.invalidValue, mapping[Node(key)], "'\(full(key))': \(error)") }
            throw fail(.invalidValue, nil, path.isEmpty ? "\(error)" : "\(path): \(error)")
        }
    }

    /// Returns the error to throw where a key's value will not do.
    package func refusal(_ key: String, _ message: String) -> ProfileError {
        fail(.invalidValue, mapping[Node(key)], "'\(full(key))' \(message)")
    }

    /// One of a key's values: the only one, or an element of a list.
    package struct Item {
        /// The value, where it is not a mapping.
        package let text: String?
        /// The value, where it is a mapping.
        package let node: ProfileNode?
        fileprivate let owner: ProfileNode
        fileprivate let source: Node
        fileprivate let name: String

        /// Returns the error to throw where the value will not do.
        package func refusal(_ message: String) -> ProfileError { owner.fail(.invalidValue, source, "'\(name)' \(message)") }

        /// Puts file, line and key before an error of a module that knows none of them.
        package func wrap<Result>(_ body: () throws -> Result) throws(ProfileError) -> Result {
            do {
                return try body()
            } catch let error as ProfileError where error.code != .notFound {
                throw error
            } catch {
                throw refusal("is wrong: \(error)")
            }
        }
    }

    /// A key's values: one, or a list of at least one, each a scalar or a mapping.
    package func items(_ key: String) throws(ProfileError) -> [Item] {
        guard let node = mapping[Node(key)] else { throw fail(.missingKey, nil, "key '\(full(key))' is missing") }
        let elements = node.sequence.map(Array.init) ?? [node]
        guard !elements.isEmpty else { throw fail(.invalidValue, node, "'\(full(key))' is an empty list") }
        var items: [Item] = []
        for (index, element) in elements.enumerated() {
            let name = node.sequence == nil ? full(key) : "\(full(key))[\(index)]"
            let inner = element.mapping.map {
                ProfileNode(file: file, mapping: $0, line: element.mark?.line ?? line, path: name)
            }
            guard inner != nil || element.scalar != nil else {
                throw fail(.invalidValue, element, "'\(name)' must be one value or hold keys of its own")
            }
            items.append(Item(text: element.scalar?.string, node: inner, owner: self, source: element, name: name))
        }
        return items
    }

    /// A key's values, one or a list, each read by a rule.
    package func values<Value>(_ key: String, wants: String, _ read: (String) -> Value?) throws(ProfileError) -> [Value] {
        var values: [Value] = []
        for item in try items(key) {
            guard let text = item.text, let value = read(text) else {
                throw item.refusal("is \(item.text.map { "'\($0)'" } ?? "a mapping"); write \(wants)")
            }
            values.append(value)
        }
        return values
    }

    /// The same mapping with other values for some keys, and without some others, in the mappings within too.
    package func replacing(_ values: [String: String], without removed: Set<String>) -> ProfileNode {
        var changed = mapping
        for key in Array(mapping.keys) {
            guard let name = key.string else { continue }
            if removed.contains(name) || values[name] != nil { changed[key] = nil }
            if let inner = mapping[key]?.mapping, ["up", "down"].contains(name) {
                let rest = inner.filter { !removed.contains($0.key.string ?? "") && values[$0.key.string ?? ""] == nil }
                changed[key] = rest.isEmpty ? nil : Node(rest.map { ($0.key, $0.value) }, inner.tag, inner.style)
            }
        }
        for (name, value) in values.sorted(by: { $0.key < $1.key }) { changed[Node(name)] = Node(value) }
        return ProfileNode(file: file, mapping: changed, line: line, path: path)
    }
}
