import Faults
import NetSim
import Testing

@Suite("Reading a link's log")
struct LinkLogReaderTests {
    private static let header = "# netsim link log, version 1\n# link: ward\n# base timestamp: 0\n"

    @Test("What a log has written reads back as the events it was given")
    func roundTrip() throws {
        let link = try makeLink("it's a \"link\"", loss: 0.2, queue: 20_000)
        var log = LinkLog(link: link, seed: 3)
        var events: [LinkEvent] = []
        var model = LinkModel<Int>(link.down, heading: .down, seed: 3, client: 2)
        for number in 0..<500 {
            let now = Duration.microseconds(number * 300)
            while model.release(at: now, recordingIn: &events) != nil {}
            model.accept(SimulatedPacket(payload: number, byteCount: 1000, arrivalTime: now), at: now, recordingIn: &events)
        }
        events.forEach { log.record($0) }
        var read: [LinkEvent] = []
        try LinkLogReader(parsing: log.text).forEachEvent { read.append($0) }
        #expect(read == events)
    }

    @Test(
        "A line that is not an event is refused with its number",
        arguments: [
            "hello", "1.000", "1.000 +", "1.000 + 100", "1.000 + 100 up", "1.000 + 100 up 0 ", "1.000  + 100 up 0",
            " 1.000 + 100 up 0",
            "1 + 100 up 0", "1.00 + 100 up 0", ".000 + 100 up 0", "-1.000 + 100 up 0", "+1.000 + 100 up 0", "1e3.000 + 100 up 0",
            "1.000 + 0 up 0", "1.000 + -5 up 0", "1.000 + 99999999999999999999 up 0", "99999999999999999999.000 + 1 up 0",
            "1.000 + 100 sideways 0", "1.000 + 100 up -1", "1.000 - 100 up 0", "1.000 - 100 x up 0", "1.000 d 2 100 up 0 loss",
            "1.000 d 1 100 up 0", "1.000 d 1 100 up 0 whim", "1.000 ? 100 up 0", "1.000 + 100 up 0\r", "# late",
            "1.000 + 100 up \u{0660}",
        ])
    func nonsense(line: String) throws {
        let reader = try LinkLogReader(parsing: Self.header + "0.000 + 100 up 0\n" + line + "\n", file: "x.log")
        #expect {
            try reader.forEachEvent { _ in }
        } throws: { error in
            let error = error as? NetSimError
            return error?.code == .invalidLog && error?.message.hasPrefix("x.log:5: ") == true
                && error?.message.contains("\n") == false
        }
    }

    @Test(
        "A file that does not begin as a log does is refused at its first line",
        arguments: [
            "", "\n", "1.000 + 100 up 0\n", "# netsim link log, version 999\n", "# netsim link log, version -1\n",
            "\0\0\0\0",
        ])
    func foreign(text: String) {
        #expect {
            _ = try LinkLogReader(parsing: text, file: "x.log")
        } throws: {
            ($0 as? NetSimError)?.code == .invalidLog && ($0 as? NetSimError)?.message.hasPrefix("x.log:1: ") == true
        }
    }

    @Test("A last line that was cut off, a line without end and a header without end are refused")
    func endless() throws {
        for text in ["1.000 + 100 up 0", String(repeating: "1", count: 1_000_000)] {
            let reader = try LinkLogReader(parsing: Self.header + text)
            #expect(throws: NetSimError.self) { try reader.forEachEvent { _ in } }
        }
        for text in [String(repeating: "#\n", count: 1000), "# " + String(repeating: "x", count: 1_000_000)] {
            #expect(throws: NetSimError.self) { _ = try LinkLogReader(parsing: Self.header + text) }
        }
    }

    @Test("Bytes that are no text, control characters in the header and files that are none are refused in one line")
    func hostileFiles() throws {
        #expect(throws: NetSimError.self) { _ = try LinkLogReader(parsing: "# netsim link log, version 1\n# link: a\u{1B}b\n") }
        #expect(throws: NetSimError.self) { _ = try LinkLogReader(path: "/dev/zero") }
        #expect(throws: NetSimError.self) { _ = try LinkLogReader(path: "/nowhere/at.all") }
    }
}
