import HTTPService
import Metrics
import Testing
import Transfer
import WireFormat

@Suite("Figures of one end of a session")
struct SessionMeterTests {
    private func layer(_ store: MetricsStore) throws -> LayerProgress {
        try #require(store.snapshot().first?.layers.first { $0.name == Layer.roiBase.name })
    }

    @Test("A layer's bytes in all are said once every one of its chunks has a size, and not before")
    func expectedBytes() throws {
        let store = MetricsStore()
        var meter = SessionMeter(store: store, session: "s", role: .sender)
        meter.plan([.roiBase, .roiBase, .backgroundBase])
        meter.know(.roiBase, 1, byteCount: 290)
        // It was damaged on the way, and came again.
        meter.know(.roiBase, 1, byteCount: 300)
        meter.show(now: .zero, datagramCount: 0)
        #expect(try layer(store).expectedByteCount == nil)
        meter.know(.roiBase, 2, byteCount: 200)
        // A chunk beyond the plan, which somebody asked for, is no part of it.
        meter.know(.focusBase, 9, byteCount: 77)
        meter.show(now: .seconds(1), datagramCount: 0)
        #expect(try layer(store).expectedByteCount == 500)
        #expect(try layer(store).byteCount == 0)
    }
}
