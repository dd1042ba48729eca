import Foundation
import Testing

@Suite("The page in a browser")
struct BrowserTests {
    /// Where the repository is: above this file.
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        .standardizedFileURL

    @Test(
        "A volume that arrives is a preview until the receipt says exact; the region of interest comes first; the console stays empty",
        arguments: [[], ["--phone"]])
    func arrival(options: [String]) throws {
        let check = Process()
        check.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        check.arguments = ["python3", "Scripts/view_check.py"] + options
        check.currentDirectoryURL = Self.root
        let errors = Pipe()
        check.standardOutput = FileHandle.nullDevice
        check.standardError = errors
        try check.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        check.waitUntilExit()
        if check.terminationStatus == 77 {
            print("The page was not opened: \(text.trimmingCharacters(in: .whitespacesAndNewlines))")
            return
        }
        #expect(check.terminationStatus == 0, Comment(rawValue: text))
    }
}
