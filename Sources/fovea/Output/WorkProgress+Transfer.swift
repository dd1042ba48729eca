internal import Sites
internal import Terminal

extension WorkProgress {
    /// A transfer's progress, under its session's name.
    init(_ progress: TransferProgress, of label: String) {
        self.init(
            label, share: progress.share, byteCount: progress.byteCount, totalByteCount: progress.totalByteCount,
            isTotalKnown: progress.isTotalKnown, notes: progress.hasRegion ? ["region there"] : [])
    }
}
