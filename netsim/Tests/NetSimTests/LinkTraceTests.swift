import Faults
import Foundation
import NetSim
import Testing

@Suite("Link traces")
struct LinkTraceTests {
    @Test("A trace is what its lines say, with or without an end of the last line", arguments: ["0\n3\n3\n10\n", "0\n3\n3\n10"])
    func lines(text: String) throws {
        let trace = try LinkTrace(parsing: text, file: "some/where/car.up")
        #expect(trace.milliseconds == [0, 3, 3, 10])
        #expect(trace.period == .milliseconds(10))
        #expect(trace.meanBitsPerSecond == 4 * 12_000 / 0.010)
        #expect(trace.name == "car.up")
    }

    @Test(
        "What is no trace is refused with file and line",
        arguments: [
            ("", "t.up: "), ("\n", "t.up:1: "), ("0\n", "t.up:1: "), ("0\n0\n0\n", "t.up:3: "), ("5\n\n6\n", "t.up:2: "),
            ("5\n6\n\n", "t.up:3: "), ("5\n4\n", "t.up:2: "), ("1\n2\n3x\n", "t.up:3: "), ("-1\n", "t.up:1: "),
            ("+1\n", "t.up:1: "), (" 1\n", "t.up:1: "), ("1\r\n", "t.up:1: "), ("1.5\n", "t.up:1: "),
            ("1\n4294967296\n", "t.up:2: "),
            ("1\n99999999999999999999999999\n", "t.up:2: "), ("1\n٣\n", "t.up:2: "), ("1\0\n", "t.up:1: "),
            ("#\n1\n", "t.up:1: "),
        ])
    func hostileText(text: String, place: String) {
        let error = #expect(throws: NetSimError.self) { try LinkTrace(parsing: text, file: "t.up") }
        #expect(error?.code == .invalidParameter)
        #expect(error?.message.hasPrefix(place) == true, "\(error?.message ?? "")")
    }

    @Test("As many lines as are allowed are read, and one more is refused, as is a file too long")
    func limits() throws {
        let most = String(repeating: "1\n", count: LinkTrace.maximumLineCount)
        #expect(try LinkTrace(parsing: most).milliseconds.count == LinkTrace.maximumLineCount)
        let error = #expect(throws: NetSimError.self) { try LinkTrace(parsing: most + "1\n", file: "t.up") }
        #expect(error?.message.hasPrefix("t.up:2000001: ") == true)
        let long = String(repeating: "0", count: LinkTrace.maximumByteCount) + "1"
        #expect(throws: NetSimError.self) { try LinkTrace(parsing: long, file: "t.up") }
    }

    @Test("A file is read as its text is, and what is no readable file is refused by its path")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("traces-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func write(_ text: String, _ name: String) throws -> String {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
            return "\(folder)/\(name)"
        }
        #expect(try LinkTrace(path: write("1\n7\n", "good")) == LinkTrace(parsing: "1\n7\n", file: "good"))
        let spoiled = try write("1\n7\n6\n", "spoiled")
        let huge = "\(folder)/huge"
        try #require(FileManager.default.createFile(atPath: huge, contents: nil))
        let handle = try #require(FileHandle(forWritingAtPath: huge))
        try handle.truncate(atOffset: UInt64(LinkTrace.maximumByteCount) + 1)
        try handle.close()
        for (path, place) in [
            (spoiled, "\(spoiled):3: "), (huge, "\(huge): "), (folder, "\(folder): "), ("/dev/zero", "/dev/zero: "),
            ("\(folder)/none", "\(folder)/none: "), ("", "a file's path"), ("a\0b", "a file's path"),
        ] {
            let error = #expect(throws: NetSimError.self) { try LinkTrace(path: path) }
            #expect(error?.code == .invalidParameter)
            #expect(error?.message.hasPrefix(place) == true, "\(error?.message ?? "")")
        }
    }

    @Test("A name cannot break a log's line")
    func names() throws {
        #expect(try LinkTrace(parsing: "1\n", file: "a/two\nlines").name == "two?lines")
        #expect(try LinkTrace(parsing: "1\n", file: String(repeating: "x", count: 1000)).name.utf8.count == 100)
        #expect(try LinkTrace(parsing: "1\n", file: "").name == "trace")
    }
}
