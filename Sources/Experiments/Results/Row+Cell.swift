internal import Bytes
internal import Receipts
internal import NetSim
internal import Profiles
internal import ProgressiveCoding
internal import VolumeModel
internal import WireFormat

extension Row {
    /// Names of the columns for what a transfer was made of: everything that decides over its result.
    static let parameters = [
        "experiment", "cell", "mode", "version", "volume", "volume_digest", "source_bytes", "file_bytes", "encoding",
        "encoding_digest",
        "order", "transport", "transport_digest", "link", "link_digest", "rate_bps", "round_trip_ms", "loss", "seed", "until",
        "margin",
        "coding", "key",
    ]
    /// Names of the columns of which a summary gives medians.
    static let medians = [
        "time_to_first_datagram", "time_to_roi", "time_to_background", "time_to_roi_exact", "time_to_exact", "time_to_receipt",
        "roi_speed_index", "goodput_bps", "overhead", "retransmit_ratio", "wire_bytes_up", "wire_bytes_down",
    ]
    /// Names of the columns over which an encoding alone decides.
    static let sizes =
        ["chunk_bytes", "base_bytes"] + Layer.allCases.map { "bytes_\($0.name)" } + [
            "ratio", "roi_psnr_db", "background_psnr_db", "roi_ssim", "background_ssim",
        ]
    /// All columns, in their order.
    static let columns = parameters + ["state"] + medians + ["dropped_packets", "found_rate_bps"] + sizes + ["message"]

    /// A transfer's parameters, and the key that tells whether a result is of this very transfer.
    init(_ cell: Cell, of profile: ExperimentProfile, _ subject: Subject, mode: Mode, sourceByteCount: Int?) {
        self.init()
        self["experiment"] = .text(profile.name)
        self["cell"] = .integer(cell.index)
        self["mode"] = .text(mode.rawValue)
        self["version"] = .text(FoveaVersion.text)
        self["volume"] = .text(subject.name)
        self["volume_digest"] = .text(Self.short(subject.digest))
        self["source_bytes"] = sourceByteCount.map { .integer($0) } ?? Value.none
        self["file_bytes"] = .integer(subject.fileByteCount)
        self["encoding"] = .text(cell.encoding.name)
        self["encoding_digest"] = .text(Self.short(Digest(of: cell.encoding.contents)))
        self["order"] = .text(cell.order.rawValue)
        self["transport"] = .text(cell.transport.name)
        self["transport_digest"] = .text(Self.short(Digest(of: cell.transport.contents)))
        self["link"] = .text(cell.link.name)
        self["link_digest"] = .text(Self.short(Digest(of: cell.link.contents)))
        self["rate_bps"] = .number(cell.link.value.up.rateBitsPerSecond)
        self["round_trip_ms"] = .number(cell.link.value.roundTripMilliseconds)
        self["loss"] = .number(cell.link.value.lossShare)
        self["seed"] = .text(String(cell.seed))
        self["until"] = .text(profile.goal.name)
        self["margin"] = .integer(profile.margin)
        self["coding"] = .text(mode == .real ? "real" : profile.coding.rawValue)
        // Not its place in the experiment: that changes when a list grows. Nor what only the transfer tells.
        let identity = fields.filter { !["cell", "source_bytes", "file_bytes"].contains($0.name) }
        self["key"] = .text(Self.short(Digest(of: Array(identity.map { "\($0.name)=\(Self.csv($0.value))\n" }.joined().utf8))))
    }

    private static func short(_ digest: Digest) -> String { String(digest.description.prefix(16)) }

    /// Adds what came of the transfer.
    mutating func add(_ record: TransferRecord, _ measures: Measures, _ entry: CodingStore.Entry, base: QualityTable.Pair) {
        self["source_bytes"] = .integer(entry.voxelByteCount)
        self["state"] = .text(record.failure == nil ? "complete" : "failed")
        let values: [Double?] = [
            record.firstDatagram, measures.timeToROI, measures.timeToBackground, measures.timeToROIExact, measures.timeToExact,
            record.done, measures.roiSpeedIndex.map(TransferRecord.rounded), measures.goodput.map { $0.rounded() },
            measures.overhead.map(TransferRecord.rounded), TransferRecord.rounded(record.retransmitRatio),
            Double(record.wireByteCountUp), Double(record.wireByteCountDown),
        ]
        for (name, value) in zip(Self.medians, values) { self[name] = .number(value) }
        self["dropped_packets"] = .integer(record.droppedPacketCount)
        self["found_rate_bps"] = .number(record.rateBitsPerSecond.rounded())
        let bytes = entry.coded.byteCounts
        let baseBytes = (bytes[.roiBase] ?? 0) + (bytes[.backgroundBase] ?? 0)
        self["chunk_bytes"] = .integer(bytes.values.reduce(0, +))
        self["base_bytes"] = .integer(baseBytes)
        for layer in Layer.allCases { self["bytes_\(layer.name)"] = .integer(bytes[layer] ?? 0) }
        self["ratio"] = .number(baseBytes > 0 ? TransferRecord.rounded(Double(entry.voxelByteCount) / Double(baseBytes)) : nil)
        let peak = entry.quality.peak
        self["roi_psnr_db"] = .number(Self.decibels(base.roi, peak))
        self["background_psnr_db"] = .number(Self.decibels(base.background, peak))
        self["roi_ssim"] = .number(base.roi.similarity.map(TransferRecord.rounded))
        self["background_ssim"] = .number(base.background.similarity.map(TransferRecord.rounded))
        self["message"] = record.failure.map { .text($0) } ?? Value.none
    }

    /// To a thousandth of a decibel.
    static func decibels(_ look: QualityTable.Look, _ peak: Double) -> Double {
        (VolumeModel.decibels(peak: peak, meanSquaredError: look.meanSquaredError) * 1000).rounded() / 1000
    }
}
