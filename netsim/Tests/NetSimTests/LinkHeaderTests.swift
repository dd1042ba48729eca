import NetSim
import Testing

@Suite("Logs of impaired links")
struct LinkHeaderTests {
    private func header(_ queue: QueueParameters, _ impairments: LinkImpairments = LinkImpairments()) throws -> [Substring] {
        let direction = try LinkDirection(
            rate: .constant(bitsPerSecond: 1e6), delay: .milliseconds(2), queue: queue, impairments: impairments)
        let plain = try makeDirection()
        let log = LinkLog(link: try LinkParameters(name: "any", up: plain, down: direction), seed: 1)
        return log.text.split(separator: "\n")
    }

    @Test("The header says everything that a link does to packets")
    func everything() throws {
        let lines = try header(
            QueueParameters(.coDel(), limit: .bytes(131_072)),
            LinkImpairments(
                loss: .gilbertElliott(GilbertElliott(p: 0.01, r: 0.25, lossInGood: 0.001, lossInBad: 0.9)),
                outage: PeriodicOutage(every: .seconds(60), for: .seconds(5), phase: .milliseconds(1500)), mtu: 1420,
                duplicationProbability: 0.005, corruptionProbability: 0.001,
                jitter: Jitter(.normal(mean: .milliseconds(8), deviation: .microseconds(2500)), reorders: true)))
        #expect(lines.count == 6 && lines[0] == "# netsim link log, version 2")
        #expect(lines[2] == "# up: rate 10000000.0 bit/s, delay 25.000 ms, loss 0.0, queue 200000 bytes")
        let parts = [
            "# down: rate 1000000.0 bit/s", "delay 2.000 ms", "loss gilbert-elliott [p 0.01; r 0.25; good 0.001; bad 0.9]",
            "queue 131072 bytes codel [target 5.000 ms; interval 100.000 ms]",
            "outage [every 60000.000 ms; for 5000.000 ms; phase 1500.000 ms]", "mtu 1420", "duplicate 0.005", "corrupt 0.001",
            "jitter normal [mean 8.000 ms; deviation 2.500 ms] reordering",
        ]
        #expect(lines[3] == parts.joined(separator: ", "))
    }

    @Test("Each queue, loss and jitter has words of its own")
    func variants() throws {
        #expect(try header(QueueParameters(limit: .packets(100)))[3].hasSuffix("queue 100 packets"))
        #expect(try header(QueueParameters(.dropHead, limit: .packets(7)))[3].hasSuffix("queue 7 packets drop-head"))
        #expect(
            try header(QueueParameters(.pie(), limit: .bytes(3000)))[3]
                .hasSuffix("queue 3000 bytes pie [target 15.000 ms; update 15.000 ms]"))
        func tail(_ impairments: LinkImpairments) throws -> Substring {
            try header(QueueParameters(limit: .bytes(1500)), impairments)[3]
        }
        #expect(
            try tail(LinkImpairments(loss: .fourState(FourStateMarkov(p13: 0.1, p31: 0.5, p32: 0.25, p23: 0.5, p14: 0.01))))
                .hasSuffix("loss four-state [p13 0.1; p31 0.5; p32 0.25; p23 0.5; p14 0.01], queue 1500 bytes"))
        #expect(
            try tail(LinkImpairments(jitter: Jitter(.uniform(minimum: .zero, maximum: .milliseconds(4)))))
                .hasSuffix("queue 1500 bytes, jitter uniform [minimum 0.000 ms; maximum 4.000 ms]"))
        #expect(
            try tail(
                LinkImpairments(jitter: Jitter(.pareto(minimum: .milliseconds(1), shape: 2.5, maximum: .milliseconds(60))))
            )
            .hasSuffix("jitter pareto [minimum 1.000 ms; shape 2.5; maximum 60.000 ms]"))
    }

    @Test("A log of a plain link is of version 1, and of any other of version 2")
    func version() throws {
        let plain = QueueParameters(limit: .bytes(1500))
        #expect(try header(plain, LinkImpairments(loss: .independent(0.5)))[0] == "# netsim link log, version 1")
        #expect(try header(QueueParameters(limit: .packets(1)))[0] == "# netsim link log, version 2")
        #expect(try header(QueueParameters(.dropHead, limit: .bytes(1500)))[0] == "# netsim link log, version 2")
        for impairments in [
            LinkImpairments(loss: .gilbertElliott(GilbertElliott(p: 0, r: 0))), LinkImpairments(duplicationProbability: 0.1),
            LinkImpairments(corruptionProbability: 0.1),
            LinkImpairments(outage: PeriodicOutage(every: .seconds(1), for: .zero)),
            LinkImpairments(jitter: Jitter(.uniform(minimum: .zero, maximum: .zero))),
        ] {
            #expect(try header(plain, impairments)[0] == "# netsim link log, version 2")
        }
    }

    @Test("Copies, damage and every cause of a drop stand in the log's lines")
    func lines() throws {
        let direction = try LinkDirection(
            rate: .constant(bitsPerSecond: 8e6), delay: .milliseconds(1), queue: QueueParameters(.dropHead, limit: .packets(2)),
            impairments: LinkImpairments(
                outage: PeriodicOutage(every: .seconds(1), for: .milliseconds(1)), duplicationProbability: 1,
                corruptionProbability: 1))
        var log = LinkLog(link: try LinkParameters(name: "any", up: direction, down: direction), seed: 1)
        _ = log.takeText()
        var model = LinkModel<Int>(direction, heading: .up, seed: 1)
        for time in [Duration.zero, .microseconds(500), .seconds(1)] {
            while model.release(at: time, recordingIn: &log) != nil {}
            model.accept(SimulatedPacket(payload: 0, byteCount: 1000, arrivalTime: time), at: time, recordingIn: &log)
        }
        log.record(LinkEvent(time: .seconds(2), kind: .drop(.aqm), byteCount: 9, heading: .down, client: 4))
        #expect(
            log.text == """
                0.000 + 1000 up 0
                0.000 + 1000 up 0 duplicate
                0.500 + 1000 up 0
                0.500 d 1 1000 up 0 queue duplicate corrupt
                0.500 + 1000 up 0 duplicate
                0.500 d 1 1000 up 0 queue corrupt
                2.000 - 1000 2.000 up 0 corrupt
                3.000 - 1000 2.500 up 0 duplicate corrupt
                1000.000 + 1000 up 0
                1000.000 d 1 1000 up 0 outage
                2000.000 d 1 9 down 4 aqm

                """)
    }
}
