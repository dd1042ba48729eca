import Bytes
import Faults
import Receiver
import Transfer
import Foundation
import LiveView
import NIfTIFile
import ProgressiveCoding
import TestSupport
import Testing
import VolumeModel
import WireFormat

@Suite("What pages are told of a session")
struct LiveStoreTests {
    private func place(_ session: String = "s") -> ReceivingSite.Place {
        ReceivingSite.Place(session: session, volume: "volume", index: 0)
    }

    /// A session of which some chunks have come, in the store.
    private func begin(_ served: Served, _ sample: Sample, _ chunks: [EncodedChunk], as session: String = "s")
        async throws
        -> SessionDecoder
    {
        let decoder = try sample.decoder()
        served.store.take(.manifest(place(session), decoder: decoder))
        try await decoder.apply(chunks)
        served.store.take(.applied(place(session), ordinal: 1, await decoder.completeness(volume: 0), ofSession: Completeness()))
        return decoder
    }

    private func finish(_ served: Served, _ states: [VolumeState], as session: String = "s") {
        var summary = ReceivingSite.Summary()
        summary.session = session
        summary.volumes = states.map {
            ReceivingSite.ReceivedVolume(path: "", qualityPath: "", digest: Digest(of: []), fileDigest: Digest(of: []), state: $0)
        }
        if states.allSatisfy({ $0 == .lossless }) {
            served.store.take(.milestone(.volumeLossless, place(session), secondsSinceSenderStart: 1, Completeness()))
        }
        served.store.take(.receipt(place(session)))
        served.store.take(.ended(session: session, .success(summary)))
    }

    @Test("Completeness grows in voxels of the body while it arrives, and is whole only with the last chunk")
    func completeness() async throws {
        let sample = try await Sample()
        try await Served.run { served in
            let events = try Events(served)
            defer { events.close() }
            let half = Array(sample.chunks.prefix { $0.layer != .backgroundRefinement })
            let decoder = try await begin(served, sample, half)
            let regions = 12 * 12 * 14 + 10 * 20 * 10
            let body = 40 * 34 * 36
            let session = try await events.session("s", "regions exact") {
                ($0.volume()?.completeness?["exact_voxels"] as? Int ?? 0) >= 2 * regions
            }
            #expect(session["state"] as? String == "receiving")
            #expect(session.volume()?.completeness?["exact_voxels"] as? Int == 2 * regions)
            #expect(session.volume()?.completeness?["body_voxels"] as? Int == 2 * body)
            let share = try #require(session.volume()?.completeness?["share"] as? Double)
            #expect(abs(share - Double(regions) / Double(body)) < 1e-12)
            #expect(session.volume()?.completeness?["bytes"] as? Int == half.reduce(0) { $0 + $1.record.count })
            #expect(session.volume()?["is_exact"] as? Bool == false)
            #expect(session.volume()?["region_source"] as? String == "model")
            #expect(session.volume()?["region_certainty"] as? Double == 0.93)
            #expect(session.volume()?["title"] as? String == "Kopf ?Müller", "on one line, without what steers a terminal")
            try await decoder.apply(sample.chunks.dropFirst(half.count))
            served.store.take(.applied(place(), ordinal: 2, await decoder.completeness(volume: 0), ofSession: Completeness()))
            let whole = try await events.session("s", "all exact") { $0.volume()?.completeness?["share"] as? Double == 1 }
            // Nothing but a receipt makes it exact.
            #expect(whole.volume()?["is_exact"] as? Bool == false)
            #expect(whole["state"] as? String == "receiving")
            finish(served, [.lossless])
            let ended = try await events.session("s", "end") { $0["state"] as? String == "exact" }
            #expect(ended.volume()?["is_exact"] as? Bool == true)
            try await events.state("s", becomes: "exact")
        }
    }

    @Test(
        "Without previews what comes of the region and of the rest is their exact voxels, and the page does not call them not sent")
    func withoutPreviews() async throws {
        let sample = try await Sample(hasPreviews: false)
        try await Served.run { served in
            let events = try Events(served)
            defer { events.close() }
            _ = try await begin(served, sample, sample.chunks.filter { $0.layer != .backgroundRefinement })
            let session = try await events.session("s", "regions there") {
                ($0.volume()?["shares"] as? [String: Any])?["roi"] as? Double == 1
            }
            #expect((session.volume()?["shares"] as? [String: Any])?["background"] as? Double == 0)
        }
    }

    @Test("When exactness is taken back the page is told: nothing is exact, and every voxel comes again as a preview")
    func distrust() async throws {
        let sample = try await Sample()
        try await Served.run { served in
            let events = try Events(served)
            defer { events.close() }
            let decoder = try await begin(served, sample, sample.chunks)
            let before = try await events.session("s", "all exact") { $0.volume()?.completeness?["share"] as? Double == 1 }
            served.store.take(.milestone(.roiLossless, place(), secondsSinceSenderStart: 1, Completeness()))
            served.store.take(.milestone(.volumeLossless, place(), secondsSinceSenderStart: 1, Completeness()))
            await decoder.distrust()
            served.store.take(.ended(session: "s", .failure(CodingError(.verificationFailed, "not the sender's"))))
            let after = try await events.session("s", "nothing exact") { $0.volume()?.completeness?["exact_voxels"] as? Int == 0 }
            #expect(after["state"] as? String == "failed")
            #expect((after["message"] as? String)?.contains("not the sender's") == true)
            let volume = try #require(after.volume())
            #expect(volume["is_exact"] as? Bool == false)
            #expect((volume["milestones"] as? JSON)?["volume_lossless"] == nil)
            #expect((volume["milestones"] as? JSON)?["roi_lossless"] == nil)
            let revisions = try #require(volume["revisions"] as? [Int])
            let earlier = try #require(before.volume()?["revisions"] as? [Int])
            #expect(revisions[0] > earlier[0])
            #expect(revisions[1] > earlier[1])
            // What a page fetches that has everything up to then.
            let answer = await served.ask("/volume/s/0/patches?epoch=\(volume["epoch"] ?? 0)&part=0&from=\(earlier[0])&t=0")
            #expect(answer.status == 200)
            #expect(answer.body.count > 16)
            let (_, quality) = try #require(try await served.voxels("s", 0))
            #expect(quality[(10 * 40 + 10) * 48 + 10] == Quality.backgroundBase)
        }
    }

    @Test("A page that has an older volume under the same name gets nothing of the new one")
    func epochs() async throws {
        let (first, second) = (try await Sample(seed: 1), try await Sample(seed: 2))
        try await Served.run { served in
            let events = try Events(served)
            defer { events.close() }
            _ = try await begin(served, first, first.chunks)
            let old = try await events.session("s", "first") { $0.volume()?.completeness?["share"] as? Double == 1 }
            let oldEpoch = try #require(old.volume()?["epoch"] as? Int)
            func patches(_ epoch: Int) async -> Int {
                await served.ask("/volume/s/0/patches?epoch=\(epoch)&part=0&from=0&t=0").status
            }
            #expect(await patches(oldEpoch) == 200)
            _ = try await begin(served, second, Array(second.chunks.prefix(1)))
            let new = try await events.session("s", "second") { $0.volume()?["epoch"] as? Int != oldEpoch }
            let newEpoch = try #require(new.volume()?["epoch"] as? Int)
            #expect(await patches(oldEpoch) == 409)
            #expect(await patches(newEpoch) == 200)
            #expect(try await served.voxels("s", 0) != nil)
        }
    }

    @Test("Datagrams that were altered, and a sender that says nothing, are shown, and what a broken connection left")
    func troubles() async throws {
        let sample = try await Sample()
        try await Served.run { served in
            let events = try Events(served)
            defer { events.close() }
            _ = try await begin(served, sample, Array(sample.chunks.prefix(2)))
            let before = try await events.session("s")
            #expect(before["is_altered"] as? Bool == false)
            served.store.take(.altered(session: "s"))
            _ = try await events.session("s", "altered datagrams") { $0["is_altered"] as? Bool == true }
            served.store.take(.stalled(session: "s"))
            try await events.state("s", becomes: "stalled")
            served.store.take(.resumed(session: "s"))
            try await events.state("s", becomes: "receiving")
            served.store.take(.ended(session: "s", .failure(TransferError(.cancelled, "stopped\u{1b}[31m"))))
            let after = try await events.session("s", "end") { $0["state"] as? String == "incomplete" }
            #expect(after["message"] as? String == "stopped?[31m")
            #expect(after["is_live"] as? Bool == false)
        }
    }

    @Test("A stranger that uses a session's name, and a connection that another one took over from, leave it as it is")
    func others() async throws {
        let sample = try await Sample()
        try await Served.run { served in
            let events = try Events(served)
            defer { events.close() }
            let decoder = try await begin(served, sample, Array(sample.chunks.prefix(2)))
            served.store.take(.ended(session: "s", .failure(TransferError(.sessionExists, "belongs to another sender"))))
            served.store.take(.ended(session: "s", .failure(TransferError(.sessionBusy, "goes on on another connection"))))
            served.store.take(.altered(session: "s"))
            let session = try await events.session("s", "altered") { $0["is_altered"] as? Bool == true }
            #expect(session["state"] as? String == "receiving")
            #expect(session["is_live"] as? Bool == true)
            // Whatever a connection that is over says, chunks that come are of one that is not.
            served.store.take(.ended(session: "s", .failure(TransferError(.cancelled, "gone"))))
            try await events.state("s", becomes: "incomplete")
            served.store.take(
                .applied(place(), ordinal: 3, await decoder.completeness(volume: 0), ofSession: Completeness()))
            try await events.state("s", becomes: "receiving")
        }
    }

    @Test(
        "A session that was sent lossy is lossy, one of the same volume that was sent whole is exact, also when both are no longer open"
    )
    func lossy() async throws {
        let (whole, lossy) = (try await Sample(), try await Sample(goal: .lossy))
        // Neither may be open once it has ended.
        try await Served.run(openByteLimit: 1) { served in
            let events = try Events(served)
            defer { events.close() }
            try StoredFixture(name: "whole").write(served.folder)
            try StoredFixture(name: "lossy", state: "lossy", goal: "lossy", stages: ["base", "base"]).write(served.folder)
            _ = try await begin(served, whole, whole.chunks, as: "whole")
            _ = try await begin(served, lossy, lossy.chunks, as: "lossy")
            _ = try await events.list("both") { $0.values.count { $0["is_live"] as? Bool == true } == 2 }
            finish(served, [.lossless], as: "whole")
            finish(served, [.lossy], as: "lossy")
            _ = try await events.list("both closed, and what they are") { list in
                list["whole"]?["state"] as? String == "exact" && list["lossy"]?["state"] as? String == "lossy"
                    && list.values.allSatisfy { $0["is_open"] as? Bool == false }
            }
            #expect(await served.ask("/volume/whole/0").status == 404)
            #expect(await served.ask("/volume/lossy/0").status == 404)
            // Looked at once more, after the folder was.
            try await Task.sleep(for: .milliseconds(1500))
            try await events.state("whole", becomes: "exact")
            try await events.state("lossy", becomes: "lossy")
        }
    }

    @Test("The voxels of a session that has ended are let go half a minute after the last page looked, not before; it stays listed")
    func closing() async throws {
        let sample = try await Sample()
        try await Served.run { served in
            let events = try Events(served)
            defer { events.close() }
            try StoredFixture(name: "s").write(served.folder)
            _ = try await begin(served, sample, sample.chunks)
            let page = try await events.page()
            #expect(try await served.open("s", page: page).status == 200)
            finish(served, [.lossless])
            try await events.state("s", becomes: "exact")
            await served.store.refresh([], now: .now + .seconds(3600))
            #expect(await served.ask("/volume/s/0").status == 200)
            // It shows nothing any more.
            #expect(try await served.post("/open", #"{"session":null,"page":\#(page)}"#).status == 200)
            await served.store.refresh([], now: .now + .seconds(20))
            #expect(await served.ask("/volume/s/0").status == 200)
            await served.store.refresh([], now: .now + .seconds(31))
            #expect(await served.ask("/volume/s/0").status == 404)
            let list = try await events.list("'s' that is closed") { $0["s"]?["is_open"] as? Bool == false }
            #expect(list.first?["state"] as? String == "exact")
            // And it can be opened again, from its files.
            #expect(try await served.open("s", page: page).status == 200)
            #expect(sample.image.volume.voxels == (try #require(try await served.voxels("s", 0)).voxels))
        }
    }

    @Test("Sessions without files are remembered for a while and then forgotten, not kept for good")
    func forgotten() async throws {
        let sample = try await Sample(goal: .roi)
        try await Served.run(openByteLimit: 1) { served in
            let events = try Events(served)
            defer { events.close() }
            for index in 0..<80 {
                let name = "s-\(index)"
                served.store.take(.manifest(place(name), decoder: try sample.decoder()))
                served.store.take(.ended(session: name, .failure(TransferError(.cancelled, "stopped"))))
            }
            let list = try await events.list("some of them") { $0.count == 64 }
            #expect(list.allSatisfy { $0["is_open"] as? Bool == false })
        }
    }

    @Test("Four requests of a session may be open; another waits until one is answered")
    func requests() async throws {
        let sample = try await Sample()
        try await Served.run { served in
            let events = try Events(served)
            defer { events.close() }
            _ = try await begin(served, sample, Array(sample.chunks.prefix(1)))
            let queue = try #require(served.site.regionRequests)
            queue.open("s", RegionRequestQueue.Volumes(shapes: [sample.image.volume.shape], isExactPlanned: true))
            func ask() async throws -> Int {
                try await served.post("/focus", #"{"session":"s","volume":0,"box":[1,2,1,2,1,2]}"#).status
            }
            for number in 1...4 as ClosedRange<UInt32> {
                #expect(try await ask() == 200)
                served.store.take(.focus(place(), try #require(queue.requests(of: "s", after: Int(number) - 1).first)))
            }
            #expect(try await ask() == 429)
            let shown = try #require(queue.requests(of: "s", after: 1).first).shown(seconds: 1, maxAbsoluteError: 3)
            queue.record(shown, of: "s")
            served.store.take(.focus(place(), shown))
            #expect(try await ask() == 200)
            let session = try await events.session("s", "an answer") {
                ($0["focus"] as? [JSON])?.contains { $0["seconds"] as? Double == 1 } == true
            }
            #expect((session["focus"] as? [JSON])?.count == 4)
        }
    }
}
