import Foundation
import Synchronization
import Testing

/// Runs the page in a headless Chromium by the scripts that drive one. Without a browser the tests are skipped, and say so.
@Suite("The page in a browser", .serialized)
struct BrowserTests {
    @Test(
        "A volume that arrives is a preview until the receipt says exact; the region of interest comes first; the console stays empty",
        arguments: [[], ["--phone"]])
    func arrival(options: [String]) throws {
        let run = try BrowserScript.run("view_check.py", options)
        #expect(run.status == 0, Comment(rawValue: run.errors))
    }

    /// The checks of `view_claims.py`, by its names for them.
    enum Claim: String, CaseIterable, CustomTestStringConvertible {
        case orientation, stateAlone, behind, busy, choosing, arriving, messages, lost, listed, pictureLost, fault

        var testDescription: String {
            switch self {
            case .orientation: "pixels, letters and values are the file's, neither mirrored nor turned, for three orders of axes"
            case .stateAlone: "neither the receipt nor what was fetched nor what was drawn alone is called exact"
            case .behind: "on a slow link the page says how much it shows of what has arrived, and exact only once it shows all"
            case .busy: "on a slow processor the legend is about what the planes show"
            case .choosing: "choosing a session clears the one before, and what belongs to another is refused"
            case .arriving: "the page opens on what arrives, announces what begins to, and a reload keeps the choice"
            case .messages: "what is said of a failed request does not stick"
            case .lost: "a receiver that dies leaves a preview, and the banner says that the connection is lost"
            case .listed: "every session is listed with its true state and can be opened, also from before a restart"
            case .fault: "a page that fails of itself leaves no claim over its picture"
            case .pictureLost: "a picture that the browser has lost is not called exact"
            }
        }

        /// As the script has it.
        var name: String {
            rawValue.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
        }
    }

    @Test("What the page says is what its canvases show, at every frame", arguments: Claim.allCases)
    func claim(_ claim: Claim) throws {
        let results = try BrowserScript.claims()
        let result = try #require(results[claim.name], "the script did not come to it: \(results.keys.sorted())")
        #expect(result.failures.isEmpty, Comment(rawValue: result.failures.joined(separator: "\n")))
    }
}

/// A script that drives a browser.
private enum BrowserScript {
    struct Claim: Decodable {
        let check: String
        let failures: [String]
        /// True where nothing is wrong but that something has not come in time.
        var isLate: Bool {
            !failures.isEmpty && failures.allSatisfy { $0.hasPrefix("not true within") || $0.contains("has not come within") }
        }
    }

    private static let kept = Mutex<[String: Claim]?>(nil)

    /// The checks of `view_claims.py`, all run once, beside one receiver and one browser.
    static func claims() throws -> [String: Claim] {
        try kept.withLock { kept in
            if let kept { return kept }
            var results = try claims([])
            // What a slow machine has not come to is no false word of the page: those checks alone once more, in a browser of their own.
            let late = results.values.filter(\.isLate).map(\.check).sorted()
            if !late.isEmpty { results.merge(try claims(late)) { $1 } }
            kept = results
            return results
        }
    }

    private static func claims(_ names: [String]) throws -> [String: Claim] {
        let run = try run("view_claims.py", names)
        let claims = run.output.split(separator: "\n").compactMap { try? JSONDecoder().decode(Claim.self, from: Data($0.utf8)) }
        try #require(!claims.isEmpty, "the script ended with \(run.status): \(run.errors)")
        return Dictionary(claims.map { ($0.check, $0) }) { first, _ in first }
    }

    /// Runs a script; cancels the test where there is no browser that could run the page.
    static func run(_ name: String, _ options: [String]) throws -> (status: Int32, output: String, errors: String) {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..").standardizedFileURL
        let script = Process()
        script.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        script.arguments = ["python3", "Scripts/\(name)"] + options
        script.currentDirectoryURL = root
        // Files and not pipes: nobody has to read them in time.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ["output", "errors"].map { folder.appendingPathComponent($0) }
        for file in files { try Data().write(to: file) }
        script.standardOutput = try FileHandle(forWritingTo: files[0])
        script.standardError = try FileHandle(forWritingTo: files[1])
        try script.run()
        script.waitUntilExit()
        let texts = try files.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
        if script.terminationStatus == 77 {
            try Test.cancel(Comment(rawValue: texts[1].trimmingCharacters(in: .whitespacesAndNewlines)))
        }
        return (script.terminationStatus, texts[0], texts[1])
    }
}
