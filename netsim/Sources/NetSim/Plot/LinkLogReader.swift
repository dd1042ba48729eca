internal import Faults

/// Reads what a ``LinkLog`` has written, from a file that nobody vouches for.
public struct LinkLogReader: Sendable {
    /// The longest file accepted.
    public static let maximumByteCount = 512 << 20
    /// The longest header line accepted: room for the most steps a rate may have.
    static let maximumHeaderLineByteCount = 1 << 17
    private static let maximumHeaderLineCount = 100

    let header: LogHeader
    private let bytes: [UInt8]
    private let file: String
    /// Index of the byte at which the events begin, and number of the line.
    private let firstByte: Int
    private let firstLine: Int

    /// Reads a file's header.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter` when the file cannot be read, and `invalidLog`, naming file and
    ///   line, when it does not begin as a log does.
    public init(path: String) throws {
        try self.init(bytes: InputFile.contents(of: path, maximumByteCount: Self.maximumByteCount), file: path)
    }

    /// Reads text's header; `file` is what errors call it.
    public init(parsing text: String, file: String = "log") throws {
        try self.init(bytes: Array(text.utf8), file: file)
    }

    private init(bytes: [UInt8], file: String) throws {
        var header = LogHeader()
        var number = 0
        var index = 0
        while index < bytes.count, number == 0 || bytes[index] == UInt8(ascii: "#") {
            let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            number += 1
            guard number <= Self.maximumHeaderLineCount, end - index <= Self.maximumHeaderLineByteCount,
                let line = String(validating: bytes[index..<end], as: UTF8.self),
                line.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
            else { throw Self.refusal(file, number, "not a line of a log's header") }
            if number == 1 { try Self.checkVersion(line, file: file) }
            header.read(line)
            index = min(end + 1, bytes.count)
        }
        guard number > 0 else { throw Self.refusal(file, 1, "the file is empty") }
        self.header = header
        self.bytes = bytes
        self.file = file
        firstByte = index
        firstLine = number + 1
    }

    /// Calls `body` with each event in the order of the log.
    ///
    /// - Throws: ``NetSimError`` with code `invalidLog`, naming file and line, for a line that is not an event; what `body` throws.
    public func forEachEvent(_ body: (LinkEvent) throws -> Void) throws {
        var index = firstByte
        var number = firstLine
        while index < bytes.count {
            // A line that does not end is not looked through to the end of the file.
            let limit = min(bytes.count, index + LogLine.maximumByteCount + 1)
            guard let end = bytes[index..<limit].firstIndex(of: UInt8(ascii: "\n")) else {
                throw Self.refusal(file, number, "the line is cut off or longer than \(LogLine.maximumByteCount) bytes")
            }
            guard let event = LogLine.event(bytes[index..<end]) else {
                throw Self.refusal(
                    file, number, "neither 'MS + BYTES', 'MS - BYTES DELAY' nor 'MS d 1 BYTES' with what follows them")
            }
            try body(event)
            index = end + 1
            number += 1
        }
    }

    private static func checkVersion(_ line: String, file: String) throws {
        let prefix = "# netsim link log, version "
        guard line.hasPrefix(prefix), let version = LogLine.number(Array(line.dropFirst(prefix.count).utf8)) else {
            throw refusal(file, 1, "not a netsim link log, which begins with '\(prefix)\(LinkLog.formatVersion)'")
        }
        guard (1...LinkLog.formatVersion).contains(version) else {
            throw refusal(
                file, 1, "version \(version) of the log is not one that this program reads (1 to \(LinkLog.formatVersion))")
        }
    }

    private static func refusal(_ file: String, _ line: Int, _ why: String) -> NetSimError {
        NetSimError(.invalidLog, "\(file):\(line): \(why)")
    }
}
