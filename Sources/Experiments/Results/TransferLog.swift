internal import Foundation
internal import ProgressiveCoding
internal import WireFormat

/// The log of what happened in one transfer, a line an event, in time's order: the same transfer in virtual time gives the same bytes.
struct TransferLog {
    /// A point of the quality curve, as the log has it; infinite PSNR stands for no error.
    struct Point: Sendable {
        let seconds: Double
        let roiPSNR: Double
        let roiSSIM: Double?
        let backgroundPSNR: Double
        let backgroundSSIM: Double?
    }

    private static let header = "seconds,event,chunk,layer,bytes,roi_psnr_db,roi_ssim,background_psnr_db,background_ssim"

    static func text(_ row: Row, _ record: TransferRecord, _ measures: Measures, _ coded: CodedVolume, peak: Double) -> String {
        var lines: [(seconds: Double, text: String)] = []
        func add(_ seconds: Double?, _ event: String, _ ordinal: UInt32? = nil, _ looks: QualityTable.Pair? = nil) {
            guard let seconds else { return }
            let chunk = ordinal.flatMap { coded.chunks.indices.contains(Int($0)) ? coded.chunks[Int($0)] : nil }
            var fields = [
                String(format: "%.6f", seconds), event, ordinal.map(String.init) ?? "", chunk?.layer.name ?? "",
                chunk.map { String($0.record.count) } ?? "",
            ]
            if let looks {
                fields += [
                    decibels(looks.roi, peak), number(looks.roi.similarity), decibels(looks.background, peak),
                    number(looks.background.similarity),
                ]
            }
            lines.append((seconds, fields.joined(separator: ",")))
        }
        for moment in record.ready { add(moment.seconds, "ready", moment.ordinal) }
        add(record.connected, "connected")
        add(record.firstDatagram, "first_datagram")
        for moment in record.applied where moment.ordinal == 0 || moment.ordinal >= coded.manifest.tableOrdinal {
            add(moment.seconds, "applied", moment.ordinal)
        }
        for point in measures.curve { add(point.seconds, point.ordinal == nil ? "begun" : "applied", point.ordinal, point.looks) }
        add(measures.timeToROI, "roi_complete")
        add(measures.timeToBackground, "background_complete")
        add(measures.timeToROIExact, "roi_lossless")
        add(measures.timeToExact, "volume_lossless")
        add(record.done, "receipt")
        // What happens at one time stays in the order given above.
        let ordered = lines.enumerated().sorted { ($0.element.seconds, $0.offset) < ($1.element.seconds, $1.offset) }
        return "# \(row.json)\n\(header)\n" + ordered.map { $0.element.text + "\n" }.joined()
    }

    private static func decibels(_ look: QualityTable.Look, _ peak: Double) -> String {
        let value = Row.decibels(look, peak)
        return value.isFinite ? String(format: "%.3f", value) : "inf"
    }

    private static func number(_ value: Double?) -> String { value.map { String(format: "%.6f", $0) } ?? "" }

    /// The quality curve of a log.
    static func curve(_ text: String) -> [Point] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == 9, let seconds = Double(fields[0]), let roi = Double(fields[5]),
                let background = Double(fields[7])
            else {
                return nil
            }
            return Point(
                seconds: seconds, roiPSNR: roi, roiSSIM: Double(fields[6]), backgroundPSNR: background,
                backgroundSSIM: Double(fields[8]))
        }
    }
}
