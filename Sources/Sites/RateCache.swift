internal import Foundation
internal import NIfTIFile

/// What each receiver's link carried the last time: a first guess, no more. Lost or spoilt it costs a fraction of a second.
struct RateCache: Sendable {
    private let path: String
    private static let entryLimit = 256
    private static let byteLimit = 1 << 16

    /// `$XDG_CACHE_HOME/fovea/rates.json`, or below `~/.cache`; nil where there is neither.
    init?() {
        let environment = ProcessInfo.processInfo.environment
        guard let root = environment["XDG_CACHE_HOME"] ?? environment["HOME"].map({ "\($0)/.cache" }), !root.isEmpty else {
            return nil
        }
        path = "\(root)/fovea/rates.json"
    }

    private func all() -> [String: Double] {
        guard let data = FileManager.default.contents(atPath: path), data.count <= Self.byteLimit else { return [:] }
        return (try? JSONDecoder().decode([String: Double].self, from: data)) ?? [:]
    }

    /// Bits a second.
    subscript(destination: String) -> Double? {
        all()[destination].flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
    }

    func remember(_ bitsPerSecond: Double, for destination: String) {
        var rates = all()
        while rates.count >= Self.entryLimit, let other = rates.keys.first(where: { $0 != destination }) { rates[other] = nil }
        rates[destination] = bitsPerSecond.rounded()
        let folder = (path as NSString).deletingLastPathComponent
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Whoever cannot write here goes without.
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if let data = try? encoder.encode(rates) { try? AtomicFile.write(Array(data), to: path) }
    }
}
