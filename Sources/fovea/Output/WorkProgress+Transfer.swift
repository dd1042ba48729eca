internal import Transfer
internal import ProgressiveCoding
internal import Terminal

extension WorkProgress {
    /// A transfer's progress, under its session's name.
    /// - Parameter completeness: at the receiver, how much is exact: the figure that the page and the metrics have.
    init(_ progress: TransferProgress, of label: String, _ completeness: Completeness? = nil) {
        // Whole per cents, so that 100 is said of every voxel alone.
        let exact = completeness.map { ["\(Int(100 * $0.share)) % exact"] } ?? []
        self.init(
            label, share: progress.share, byteCount: progress.byteCount, totalByteCount: progress.totalByteCount,
            isTotalKnown: progress.isTotalKnown, notes: (progress.hasRegion ? ["region there"] : []) + exact)
    }
}
