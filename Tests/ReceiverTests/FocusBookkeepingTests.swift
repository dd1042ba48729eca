import Receiver
import Sender
import Testing
import VolumeModel
import WireFormat

@Suite("Requests, and what of their answers is on its way")
struct FocusBookkeepingTests {
    /// The value behind a reference, as expectations want it.
    private final class Answers {
        private var answers = FocusAnswers()
        func take(_ focus: Focus) -> Bool { answers.take(focus) }
        func next() -> Focus? { answers.next() }
        func refuse(_ focus: Focus) { answers.refuse(focus) }
        func acknowledge(_ ordinals: [UInt32]) -> [UInt32] { answers.acknowledge(ordinals) }
        func supply(_ records: [[UInt8]], to focus: Focus, beyond table: UInt32) -> [(ordinal: UInt32, record: [UInt8])]? {
            answers.supply(records, to: focus, beyond: table)
        }
    }

    private func request(_ number: UInt32, _ box: String = "0:4,0:4,0:4") throws -> Focus {
        Focus(number: number, volume: 0, box: try StackedBox(parsing: box))
    }
    private let record = [UInt8](repeating: 1, count: 100)

    @Test("Answers go beyond the table, and a request is answered once all its parts are acknowledged")
    func ordinals() throws {
        let answers = Answers()
        for number in 1...2 as ClosedRange<UInt32> {
            #expect(answers.take(try request(number)))
            #expect(answers.next() == (try request(number)))
            let parts = try #require(answers.supply([record, record], to: try request(number), beyond: 40))
            #expect(parts.map(\.ordinal) == (number == 1 ? [41, 42] : [43, 44]))
        }
        #expect(answers.acknowledge([0, 7, 40, 42, 43]) == [])
        #expect(answers.acknowledge([41]) == [1])
        #expect(answers.acknowledge([41, 42]) == [])
        #expect(answers.acknowledge([44]) == [2])
    }

    @Test("Asked again, a request is not coded twice; of what was acknowledged on an earlier connection only that is made again")
    func again() throws {
        let answers = Answers()
        let request = try request(1)
        #expect(answers.take(request))
        #expect(!answers.take(request), "it waits")
        #expect(answers.next() == request)
        #expect(!answers.take(request), "it is being coded")
        _ = answers.supply([record, record, record], to: request, beyond: 40)
        #expect(!answers.take(request), "all of it is on its way")
        _ = answers.acknowledge([42])
        #expect(answers.take(request))
        #expect(answers.next() == request)
        #expect(answers.supply([record, record, record], to: request, beyond: 40)?.map(\.ordinal) == [44])
        #expect(!answers.take(request))
        #expect(answers.acknowledge([41, 43, 44]) == [1])
        #expect(answers.take(request), "shown on a connection that is gone, it is shown again")
    }

    @Test("Under a number that a receiver gives another request after it was begun anew, the other request counts")
    func renumbered() throws {
        let answers = Answers()
        let (old, new) = (try request(1), try request(1, "4:8,0:4,0:4"))
        _ = answers.take(old)
        #expect(answers.next() == old)
        _ = answers.supply([record], to: old, beyond: 40)
        #expect(answers.take(new))
        #expect(answers.next() == new)
        #expect(answers.supply([record], to: new, beyond: 40)?.map(\.ordinal) == [42])
    }

    @Test("A flood of requests is coded two at a time, the latest first, and none while much is on its way")
    func flood() throws {
        let answers = Answers()
        for number in 1...256 as ClosedRange<UInt32> { #expect(answers.take(try request(number))) }
        #expect(answers.next() == (try request(256)))
        #expect(answers.next() == (try request(255)))
        #expect(answers.next() == nil)
        answers.refuse(try request(255))
        #expect(answers.next() == (try request(254)))
        let large = [UInt8](repeating: 0, count: 32 << 20)
        _ = answers.supply([large, large], to: try request(256), beyond: 40)
        #expect(answers.next() == nil)
        #expect(answers.acknowledge([41]) == [])
        #expect(answers.next() == (try request(253)))
    }

    @Test("Where a session has no chunks left a request is refused whole")
    func exhausted() throws {
        let answers = Answers()
        _ = answers.take(try request(1))
        _ = answers.next()
        #expect(answers.supply([record, record, record], to: try request(1), beyond: UInt32(WireLimits.chunkCount - 3)) == nil)
        _ = answers.take(try request(2))
        _ = answers.next()
        #expect(answers.supply([record, record], to: try request(2), beyond: UInt32(WireLimits.chunkCount - 3))?.count == 2)
    }

    // MARK: The queue

    private func volumes(_ slices: Int = 8, isExactPlanned: Bool = true) throws -> RegionRequestQueue.Volumes {
        RegionRequestQueue.Volumes(shapes: [try Shape(columns: 8, rows: 8, slices: slices)], isExactPlanned: isExactPlanned)
    }
    private func box() throws -> Box { try Box(parsing: "0:8,0:8,0:8") }

    @Test("The queue takes requests for boxes that there are, of sessions that are received and go to exact")
    func queue() throws {
        let queue = RegionRequestQueue()
        func isRefused(_ session: String, _ volume: Int, _ box: String) throws -> Bool {
            if case .refused = queue.ask(session: session, volume: volume, box: try Box(parsing: box)) { true } else { false }
        }
        queue.open("exact", try volumes())
        queue.open("preview", try volumes(isExactPlanned: false))
        #expect(queue.ask(session: "exact", volume: 0, box: try box()) == .asked(number: 1))
        #expect(try isRefused("other", 0, "0:8,0:8,0:8"))
        #expect(try isRefused("preview", 0, "0:8,0:8,0:8"))
        #expect(try isRefused("exact", 1, "0:8,0:8,0:8"))
        #expect(try isRefused("exact", -1, "0:8,0:8,0:8"))
        #expect(try isRefused("exact", 0, "0:8,0:9,0:8"))
        for number in 2...256 as ClosedRange<UInt32> {
            if let last = queue.requests(of: "exact", after: Int(number) - 2).last {
                queue.record(last.shown(seconds: 1, maxAbsoluteError: 0), of: "exact")
            }
            #expect(queue.ask(session: "exact", volume: 0, box: try box()) == .asked(number: number))
        }
        #expect(try isRefused("exact", 0, "0:8,0:8,0:8"))
        #expect(queue.requests(of: "exact", after: 254).map(\.number) == [255, 256])
    }

    @Test("Requests outlive a connection, but not another volume under the session's name, nor its end")
    func outliving() throws {
        let queue = RegionRequestQueue()
        queue.open("s", try volumes())
        _ = queue.ask(session: "s", volume: 0, box: try box())
        queue.disconnect("s")
        #expect(queue.ask(session: "s", volume: 0, box: try box()) == .asked(number: 2))
        queue.open("s", try volumes())
        #expect(queue.requests(of: "s", after: 0).count == 2)
        queue.open("s", try volumes(9))
        #expect(queue.requests(of: "s", after: 0).isEmpty)
        _ = queue.ask(session: "s", volume: 0, box: try box())
        queue.close("s")
        #expect(queue.ask(session: "s", volume: 0, box: try box()) == .refused("no such session is being received"))
    }

    @Test("A box of a time point is that time point's, and one of a time point that is not there is refused")
    func timepoints() throws {
        let queue = RegionRequestQueue()
        let shape = try Shape(columns: 8, rows: 8, slices: 5, timepoints: 3)
        queue.open("s", RegionRequestQueue.Volumes(shapes: [shape], isExactPlanned: true))
        #expect(queue.ask(session: "s", volume: 0, timepoint: 2, box: try Box(parsing: "0:4,0:4,1:3")) == .asked(number: 1))
        let request = try #require(queue.requests(of: "s", after: 0).first)
        #expect(request.timepoint == 2 && request.box.description == "0:4,0:4,1:3")
        #expect(request.stackedBox.description == "0:4,0:4,11:13")
        for (timepoint, box) in [(3, "0:4,0:4,1:3"), (-1, "0:4,0:4,1:3"), (0, "0:4,0:4,4:6")] {
            let response = queue.ask(session: "s", volume: 0, timepoint: timepoint, box: try Box(parsing: box))
            #expect(response == .refused("the box reaches out of the volume"), "\(box) at \(timepoint)")
        }
    }

    @Test("Of sixteen who ask at once four are admitted, and another once one is answered")
    func admission() async throws {
        let queue = RegionRequestQueue()
        queue.open("s", try volumes())
        let box = try box()
        let responses = await withTaskGroup(of: RegionRequestQueue.Response.self) { group in
            for _ in 0..<16 { group.addTask { queue.ask(session: "s", volume: 0, box: box) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(responses.count { $0 == .busy } == 12)
        let request = try #require(queue.requests(of: "s", after: 0).first)
        queue.record(request.shown(seconds: 1, maxAbsoluteError: 0), of: "s")
        #expect(queue.ask(session: "s", volume: 0, box: box) == .asked(number: 5))
        #expect(queue.ask(session: "s", volume: 0, box: box) == .busy)
    }

    @Test("Of sessions whose senders never come back the queue forgets the oldest, and none that is connected")
    func forgetting() throws {
        let queue = RegionRequestQueue()
        queue.open("connected", try volumes())
        for index in 0..<200 {
            queue.open("s\(index)", try volumes())
            queue.disconnect("s\(index)")
        }
        let remembered = try (0..<200).filter { queue.ask(session: "s\($0)", volume: 0, box: try box()) == .asked(number: 1) }
        #expect(remembered == Array(136..<200))
        #expect(queue.ask(session: "connected", volume: 0, box: try box()) == .asked(number: 1))
    }
}
