import Receipts
import Foundation
import NIfTIFile
import ProgressiveCoding
import Testing
import VolumeModel

@Suite("Sessions of the folder, on a page")
struct StoredSessionTests {
    @Test("Every session of the folder is listed, also from before the receiver began, the newest first, none as more than it is")
    func list() async throws {
        let day = Date(timeIntervalSince1970: 1_000_000_000)
        try await Served.run { folder in
            try StoredFixture(name: "exact", date: day).write(folder)
            try StoredFixture(name: "lossy", state: "lossy", goal: "lossy", date: day + 1).write(folder)
            try StoredFixture(name: "region", state: "partial", goal: "roi", date: day + 2).write(folder)
            try StoredFixture(name: "broken", state: "partial", isComplete: false, date: day + 3).write(folder)
            try StoredFixture(name: "killed", state: "partial", hasReceipt: false, date: day + 4).write(folder)
            try StoredFixture(name: "other", receiptName: "exact", date: day + 5).write(folder)
            for index in 0..<8 { try StoredFixture(name: "more-\(index)", date: day - 1).write(folder) }
            // None of these is a session.
            try FileManager.default.createDirectory(atPath: "\(folder)/empty", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "\(folder)/exact")
            try Data().write(to: URL(fileURLWithPath: "\(folder)/file"))
        } _: { served in
            let events = try Events(served)
            defer { events.close() }
            let list = try await events.list { $0["killed"] != nil }
            let names = list.compactMap { $0["name"] as? String }
            #expect(Array(names.prefix(6)) == ["other", "killed", "broken", "region", "lossy", "exact"])
            #expect(names.count == 14)
            let states = Dictionary(uniqueKeysWithValues: zip(names, list.compactMap { $0["state"] as? String }))
            #expect(states["exact"] == "unverified")
            #expect(states["more-3"] == "unverified")
            #expect(states["lossy"] == "lossy")
            #expect(states["region"] == "lossy")
            #expect(states["broken"] == "incomplete")
            #expect(states["killed"] == "incomplete")
            #expect(states["other"] == "failed")
            #expect(list.allSatisfy { $0["is_live"] as? Bool == false && $0["is_open"] as? Bool == false })
            #expect(list.last?["begun"] as? Double == 999_999_999)
        }
    }

    @Test("A stored session is exact once it is opened and its file has the receipt's digest; the page gets the file's voxels")
    func exact() async throws {
        try await Served.run {
            try StoredFixture(name: "s").write($0)
        } _: { served in
            let events = try Events(served)
            defer { events.close() }
            let (status, session) = try await served.open("s", page: try await events.page())
            #expect(status == 200)
            #expect(session["state"] as? String == "exact")
            #expect(session["is_open"] as? Bool == true)
            #expect(session["is_live"] as? Bool == false)
            let volume = try #require(session.volume())
            #expect(volume["is_exact"] as? Bool == true)
            #expect(volume["state"] as? String == "exact")
            #expect(volume.completeness?["share"] as? Double == 1)
            #expect(volume.completeness?["body_voxels"] as? Int == 40 * 34 * 72)
            #expect(volume.completeness?["exact_voxels"] as? Int == 40 * 34 * 72)
            #expect(volume.completeness?["bytes"] as? Int == 1234)
            let (voxels, quality) = try #require(try await served.voxels("s", 0))
            #expect(try Sample.image().volume.voxels == voxels)
            #expect(quality.allSatisfy { $0 == Quality.exact })
            try await events.state("s", becomes: "exact")
        }
    }

    @Test("A file that is not what its receipt says makes its session failed, and nothing of it exact", arguments: [true, false])
    func altered(isWholeFile: Bool) async throws {
        try await Served.run { folder in
            try StoredFixture(name: "s").write(folder)
            let path = "\(folder)/s/head.nii.gz"
            if isWholeFile {
                try NIfTIFile.write(try Sample.image(seed: 8), to: path)
            } else {
                try Data(FileManager.default.contents(atPath: path)?.prefix(5000) ?? Data()).write(to: URL(fileURLWithPath: path))
            }
        } _: { served in
            let events = try Events(served)
            defer { events.close() }
            let (status, session) = try await served.open("s", page: try await events.page())
            #expect(status == 200)
            #expect(session["state"] as? String == "failed")
            #expect((session["message"] as? String)?.contains("'head'") == true)
            #expect(session.volume()?["is_exact"] as? Bool != true)
            if isWholeFile {
                let (_, quality) = try #require(try await served.voxels("s", 0))
                let isOverstated = quality.contains { $0 > Quality.backgroundBase }
                // Beyond the content, which is what the corner's value surrounds, nothing is fetched.
                #expect(!isOverstated || session.volume()?.completeness?["share"] as? Double == 0)
            }
            try await events.state("s", becomes: "failed")
        }
    }

    @Test("What was found exact is said to be so no longer once its file has changed")
    func changedLater() async throws {
        try await Served.run {
            try StoredFixture(name: "s").write($0)
        } _: { served in
            let events = try Events(served)
            defer { events.close() }
            let page = try await events.page()
            _ = try await served.open("s", page: page)
            try await events.state("s", becomes: "exact")
            // Another is shown, which makes this one's memory free.
            try StoredFixture(name: "t").write(served.folder)
            #expect(try await served.open("t", page: page).status == 200)
            _ = try await events.list("'s' that is closed") { $0["s"]?["is_open"] as? Bool == false }
            try await events.state("s", becomes: "exact")
            try NIfTIFile.write(try Sample.image(seed: 9), to: "\(served.folder)/s/head.nii.gz")
            try await events.state("s", becomes: "unverified")
            #expect(try await served.open("s", page: page).session["state"] as? String == "failed")
        }
    }

    @Test(
        "A lossy session stays lossy however many others end or are opened, and no voxel of it is shown better than its receipt says"
    )
    func lossy() async throws {
        try await Served.run { folder in
            try StoredFixture(name: "lossy", state: "lossy", goal: "lossy", stages: ["bounded", "base"], quality: 3).write(folder)
            for index in 0..<6 { try StoredFixture(name: "other-\(index)").write(folder) }
        } _: { served in
            let events = try Events(served)
            defer { events.close() }
            let page = try await events.page()
            for index in 0..<6 { #expect(try await served.open("other-\(index)", page: page).status == 200) }
            let (_, session) = try await served.open("lossy", page: page)
            #expect(session["state"] as? String == "lossy")
            let volume = try #require(session.volume())
            #expect(volume["is_exact"] as? Bool == false)
            #expect(volume["state"] as? String == "lossy")
            #expect(volume["goal"] as? String == "lossy")
            #expect(volume.completeness?["share"] as? Double == 0)
            #expect(volume.completeness?["body_voxels"] is NSNull)
            #expect(((volume["regions"] as? [JSON])?.first)?["stage"] as? String == "bounded")
            let (_, quality) = try #require(try await served.voxels("lossy", 0))
            let region = try Box(parsing: Sample.regions[0])
            for z in 0..<36 {
                for y in 3..<37 {
                    for x in 4..<44 {
                        let limit = region.contains(x: x, y: y, z: z) ? Quality.roiBase : Quality.backgroundBase
                        #expect(quality[(z * 40 + y) * 48 + x] == limit)
                    }
                }
            }
            let list = try await events.list()
            for one in list {
                let name = try #require(one["name"] as? String)
                #expect((one["state"] as? String == "lossy") == (name == "lossy"), "\(one)")
            }
        }
    }

    @Test("An interrupted session is incomplete, says why, and shows what there is as a preview")
    func incomplete() async throws {
        try await Served.run { folder in
            try StoredFixture(name: "broken", state: "partial", isComplete: false, stages: ["base", "missing"]).write(folder)
            try StoredFixture(name: "killed", state: "partial", hasReceipt: false).write(folder)
        } _: { served in
            let events = try Events(served)
            defer { events.close() }
            let page = try await events.page()
            let (_, broken) = try await served.open("broken", page: page)
            #expect(broken["state"] as? String == "incomplete")
            #expect((broken["message"] as? String)?.contains("the link broke") == true)
            #expect(broken.volume()?["is_exact"] as? Bool == false)
            #expect(broken.volume()?["has_receipt"] as? Bool == false)
            let (_, killed) = try await served.open("killed", page: page)
            #expect(killed["state"] as? String == "incomplete")
            #expect((killed["message"] as? String)?.contains("no receipt") == true)
            let (voxels, quality) = try #require(try await served.voxels("killed", 0))
            #expect(try Sample.image().volume.voxels == voxels)
            #expect(quality[(10 * 40 + 20) * 48 + 20] <= Quality.backgroundBase)
        }
    }

    @Test("A signature decides where the receiver has a key: its own makes exact, none leaves unverified, an altered receipt fails")
    func signatures() async throws {
        let key = ReceiptKey()
        try await Served.run(key: key) { folder in
            try StoredFixture(name: "own", key: key).write(folder)
            try StoredFixture(name: "none").write(folder)
            try StoredFixture(name: "foreign", key: ReceiptKey()).write(folder)
            try StoredFixture(name: "altered", key: key).write(folder)
            let path = "\(folder)/altered/receipt.json"
            let text = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
            try text.replacing("\"test\"", with: "\"tost\"").write(toFile: path, atomically: false, encoding: .utf8)
        } _: { served in
            let events = try Events(served)
            defer { events.close() }
            let page = try await events.page()
            for (name, state) in [("own", "exact"), ("none", "unverified"), ("foreign", "unverified"), ("altered", "failed")] {
                let (_, session) = try await served.open(name, page: page)
                #expect(session["state"] as? String == state, "\(name)")
                #expect((session.volume()?["is_exact"] as? Bool == true) == (state == "exact"), "\(name)")
                let message = session["message"] as? String ?? ""
                #expect(message.contains("altered since it was signed") == (name == "altered"), "\(name): \(message)")
            }
        }
    }

    @Test("Memory is bounded by what is shown: what no page shows makes room, and what has no room is refused")
    func memory() async throws {
        // One volume of 48 x 40 x 72 int16 voxels fits, two do not.
        try await Served.run(openByteLimit: 400_000) { folder in
            for name in ["a", "b", "c"] { try StoredFixture(name: name).write(folder) }
            let shape = try Shape(columns: 64, rows: 64, slices: 64)
            let header = try NIfTIHeader.make(shape: shape, voxelType: .int16, affine: .identity, description: "large")
            try StoredFixture(name: "large").write(
                folder, try NIfTIImage(header: header, voxels: [UInt8](repeating: 1, count: 2 << 18)))
        } _: { served in
            let (first, second) = (try Events(served), try Events(served))
            let (one, two) = (try await first.page(), try await second.page())
            #expect(try await served.open("a", page: one).status == 200)
            #expect(try await served.open("b", page: two).status == 503)
            #expect(await served.ask("/volume/a/0").status == 200)
            #expect(try await served.open("b", page: one).status == 200)
            #expect(await served.ask("/volume/a/0").status == 404)
            #expect(try await served.open("large", page: one).status == 413)
            // Its file is there all the same.
            var found = 404
            for _ in 0..<200 where found == 404 {
                // Once the folder has been looked through.
                found = await served.ask("/volume/large/0/file").status
                if found == 404 { try await Task.sleep(for: .milliseconds(50)) }
            }
            #expect(found == 200)
            // A page that goes makes room too, once that is noticed.
            #expect(try await served.open("b", page: two).status == 200)
            let third = try Events(served)
            let page = try await third.page()
            #expect(try await served.open("c", page: page).status == 503)
            second.close()
            var status = 0
            for _ in 0..<1000 where status != 200 {
                status = try await served.open("c", page: page).status
                if status != 200 { try await Task.sleep(for: .milliseconds(50)) }
            }
            #expect(status == 200)
            first.close()
            third.close()
        }
    }

    @Test("A session is opened for a page that follows, by its own page, and only if there is one")
    func requests() async throws {
        try await Served.run {
            try StoredFixture(name: "s").write($0)
        } _: { served in
            let events = try Events(served)
            defer { events.close() }
            let page = try await events.page()
            #expect(try await served.open("s", page: page + 1).status == 409)
            #expect(try await served.open("none", page: page).status == 404)
            #expect(try await served.open("../s", page: page).status == 404)
            #expect(try await served.post("/open", "{}").status == 400)
            #expect(try await served.post("/open", #"{"session":null,"page":\#(page)}"#).status == 200)
            let foreign = await served.ask("/open", method: "POST", body: #"{"session":"s","page":\#(page)}"#)
            #expect(foreign.status == 403)
        }
    }
}
