internal import Faults

/// A recording of when a link could carry a packet, in mahimahi's format.
///
/// Each line of the file is the millisecond at which up to ``opportunityByteCount`` bytes may leave. Lines ascend and may repeat.
/// After the last one the recording starts anew: what stands in it at `t` comes again at `t` + ``period``.
public struct LinkTrace: Sendable, Equatable {
    /// Bytes that one line lets through: a full Ethernet payload.
    public static let opportunityByteCount = 1500
    /// The longest file accepted.
    public static let maximumByteCount = 16 << 20
    /// The most lines accepted.
    public static let maximumLineCount = 2_000_000

    /// The last part of the file's path, for logs; control characters are replaced.
    public let name: String
    /// When the opportunities are, in milliseconds from the recording's start; at least one, the last one above 0.
    public let milliseconds: [UInt32]
    /// Length of the recording: its last line.
    public let period: Duration

    /// Reads a file.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the file and, where there is one, the line at fault.
    public init(path: String) throws {
        try self.init(bytes: InputFile.contents(of: path, maximumByteCount: Self.maximumByteCount), file: path)
    }

    /// Reads text.
    ///
    /// - Parameters:
    ///   - text: What would stand in a file.
    ///   - file: What errors call it.
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming `file` and, where there is one, the line at fault.
    public init(parsing text: String, file: String = "trace") throws {
        try self.init(bytes: Array(text.utf8), file: file)
    }

    init(bytes: [UInt8], file: String) throws {
        guard bytes.count <= Self.maximumByteCount else {
            throw NetSimError(.invalidParameter, "\(file): longer than the \(Self.maximumByteCount) bytes that a trace may have")
        }
        let times = try Self.times(in: bytes, file: file)
        guard let last = times.last else { throw NetSimError(.invalidParameter, "\(file): a trace has at least one line") }
        guard last > 0 else {
            throw NetSimError(.invalidParameter, "\(file):\(times.count): a trace must last longer than 0 milliseconds")
        }
        let part = file.split(separator: "/").last.map(String.init) ?? "trace"
        let scalars = part.unicodeScalars.prefix(100).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }
        name = String(String.UnicodeScalarView(scalars))
        milliseconds = times
        period = .milliseconds(last)
    }

    /// The rate that the recording carries over its period when nothing is left unused, in bits a second.
    public var meanBitsPerSecond: Double {
        Double(milliseconds.count * Self.opportunityByteCount * 8) / (period / .seconds(1))
    }

    /// The first opportunity later than a millisecond of the recording; the count of all where there is none.
    func firstIndex(after millisecond: UInt32, from start: Int) -> Int {
        var low = start
        var high = milliseconds.count
        while low < high {
            let middle = (low + high) / 2
            if milliseconds[middle] > millisecond { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static func times(in bytes: [UInt8], file: String) throws -> [UInt32] {
        var times: [UInt32] = []
        var index = 0
        func refusal(_ why: String) -> NetSimError { NetSimError(.invalidParameter, "\(file):\(times.count + 1): \(why)") }
        while index < bytes.count {
            guard times.count < maximumLineCount else { throw refusal("a trace has at most \(maximumLineCount) lines") }
            guard let time = number(in: bytes, at: &index) else {
                throw refusal("a line is a whole number of milliseconds from 0 to \(UInt32.max), and nothing else")
            }
            if let last = times.last, time < last { throw refusal("\(time) comes after \(last); the lines must ascend") }
            times.append(time)
        }
        return times
    }

    /// Reads one line with its end, which only the last may lack.
    private static func number(in bytes: [UInt8], at index: inout Int) -> UInt32? {
        var value: UInt32?
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\n") { return value }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (tens, overflow) = (value ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt32(byte - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
