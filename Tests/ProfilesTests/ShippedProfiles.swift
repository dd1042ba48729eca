import StrictYAML
import Foundation
import Profiles

/// The profiles that come with the program, found beside the tests.
enum ShippedProfiles {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("profiles").path

    static func paths(_ kind: ProfileFolder) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(kind.rawValue)")) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted().map { path(kind, $0) }
    }

    static func path(_ kind: ProfileFolder, _ name: String) -> String { "\(folder)/\(kind.rawValue)/\(name).yaml" }
}

/// The error with which a profile is refused; nil when it is not.
func refusal(_ body: () throws -> some Any) -> ProfileError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? ProfileError
    }
}
