internal import Metrics
internal import Sites

/// Who looks on while the demo runs.
struct DemoShow: Sendable {
    /// Where figures are posted.
    let metrics: MetricsBoard?
    /// Told of what happens at the receiver.
    let onEvent: @Sendable (ReceivingSite.Event) -> Void
}
