import Foundation
import Metrics
import Testing

@Suite("Metrics as JSON")
struct JSONTests {
    @Test("An empty store is an object too")
    func empty() {
        #expect(
            MetricsStore().json()
                == #"{"sessions":[],"totals":{"bytes":0,"datagrams":0,"failed":0,"finished":0},"version":1}"#)
    }

    @Test("A session is written in one way: keys sorted, null for what is not known")
    func sample() {
        let store = MetricsStore()
        store.update(.sample)
        let layers =
            #"[{"bytes":40000,"chunks":4,"expected_bytes":40000,"expected_chunks":4,"name":"roi_base"},"#
            + #"{"bytes":1460000,"chunks":9,"expected_bytes":null,"expected_chunks":31,"name":"background_base"}]"#
        let session =
            #"{"age_seconds":2.25,"bytes":1500000,"completeness":null,"datagrams":1200,"goodput_bps":18500000,"layers":\#(layers),"#
            + #""queue_delay_seconds":null,"rate_bps":20000000,"retransmit_ratio":0.0125,"role":"sender","#
            + #""round_trip_seconds":0.08,"session":"case-17","state":"transferring"}"#
        let totals = #"{"bytes":1500000,"datagrams":1200,"failed":0,"finished":0}"#
        #expect(store.json() == #"{"sessions":[\#(session)],"totals":\#(totals),"version":1}"#)
    }

    @Test("How much is exact is there in voxels and bytes, its share 0 until the body is known, and 1 for no less than all of it")
    func completeness() throws {
        func completeness(_ progress: VoxelProgress) throws -> [String: Any] {
            let store = MetricsStore()
            store.update(SessionMetrics(session: "a", role: .receiver, completeness: progress))
            let object = try #require(try JSONSerialization.jsonObject(with: Data(store.json().utf8)) as? [String: Any])
            let session = try #require((object["sessions"] as? [[String: Any]])?.first)
            return try #require(session["completeness"] as? [String: Any])
        }
        let unknown = try completeness(VoxelProgress(exactVoxelCount: 7, bodyVoxelCount: nil, byteCount: 10))
        #expect(unknown["exact_voxels"] as? Int == 7)
        #expect(unknown["body_voxels"] is NSNull)
        #expect(unknown["share"] as? Double == 0)
        #expect(unknown["bytes"] as? Int == 10)
        let half = try completeness(VoxelProgress(exactVoxelCount: 50, bodyVoxelCount: 100, byteCount: 10))
        #expect(half["body_voxels"] as? Int == 100)
        #expect(half["share"] as? Double == 0.5)
        let most = try completeness(VoxelProgress(exactVoxelCount: 9_999_999, bodyVoxelCount: 10_000_000, byteCount: 10))
        #expect((most["share"] as? Double).map { $0 < 1 } == true)
    }

    @Test("Names with quotes and numbers that are none leave it JSON")
    func hostile() throws {
        let store = MetricsStore()
        store.update(
            SessionMetrics(
                session: "a\"}\n\\\u{1b}", role: .sender, goodputBitsPerSecond: .infinity, roundTripSeconds: .nan, byteCount: .max
            ))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(store.json().utf8)) as? [String: Any])
        let session = try #require((object["sessions"] as? [[String: Any]])?.first)
        #expect(session["session"] as? String == "a\"}\n\\\u{1b}")
        #expect(session["goodput_bps"] is NSNull)
        #expect(session["round_trip_seconds"] is NSNull)
        #expect(session["bytes"] as? Int == .max)
    }
}
