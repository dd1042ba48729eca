internal import Receiver

/// Who looks on while the demo runs.
struct DemoShow: Sendable {
    /// The site where figures are posted, and where it is said what to show next.
    let site: ReceivingSite
    /// Told of what happens at the receiver.
    let onEvent: @Sendable (ReceivingSite.Event) -> Void
}
