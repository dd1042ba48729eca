internal import Foundation
internal import Files

/// Rates that are kept from one run to the next. Lost or spoilt ones cost little.
struct RateCache: Sendable {
    /// Which rates.
    enum Kind: String {
        /// Each receiver's link, by its last transfer: a first guess, no more.
        case links = "rates"
        /// By what rate each session was coded: one that goes on has to be coded the same way again.
        case sessions
        /// Paths that drop full-size datagrams: not a rate, but until when that is taken for granted, in seconds of Unix time.
        case narrowPaths = "narrow-paths"
    }

    private let path: String
    private static let entryLimit = 256
    private static let byteLimit = 1 << 16

    /// `$XDG_CACHE_HOME/fovea/rates.json` and the like, or below `~/.cache`; nil where there is neither.
    init?(_ kind: Kind) {
        let environment = ProcessInfo.processInfo.environment
        guard let root = environment["XDG_CACHE_HOME"] ?? environment["HOME"].map({ "\($0)/.cache" }), !root.isEmpty else {
            return nil
        }
        path = "\(root)/fovea/\(kind.rawValue).json"
    }

    private func all() -> [String: Double] {
        guard let bytes = try? PlainFile.contents(of: path, limit: Self.byteLimit) else { return [:] }
        return (try? JSONDecoder().decode([String: Double].self, from: Data(bytes))) ?? [:]
    }

    /// Bits a second.
    subscript(name: String) -> Double? {
        all()[name].flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
    }

    func remember(_ bitsPerSecond: Double, for name: String) {
        var rates = all()
        while rates.count >= Self.entryLimit, let other = rates.keys.first(where: { $0 != name }) { rates[other] = nil }
        rates[name] = bitsPerSecond.rounded()
        let folder = (path as NSString).deletingLastPathComponent
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Whoever cannot write here goes without.
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if let data = try? encoder.encode(rates) { try? AtomicFile.write(Array(data), to: path) }
    }
}
