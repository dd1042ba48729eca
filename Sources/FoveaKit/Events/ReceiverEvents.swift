package import Concurrency
internal import Bytes
internal import NIfTIFile
internal import ProgressiveCoding
package import Receiver
internal import SRTTransport
internal import Terminal
internal import Transfer
internal import VolumeModel
internal import WireFormat

/// Makes events of what a receiving site reports.
package struct ReceiverEvents: Sendable {
    private let clock: Stopwatch
    private let progress: ProgressEvents

    package init(clock: Stopwatch) {
        self.clock = clock
        progress = ProgressEvents(clock: clock)
    }

    /// The event of a listener.
    package func listening(port: UInt16) -> Event { Event(.listening, ["t": now, "port": .integer(Int(port))]) }

    private var now: JSONValue { .number(clock.seconds as Double?) }

    /// The event of an occurrence; nil for one that is no event of its own, or not yet due.
    package func event(_ occurrence: ReceivingSite.Event) -> Event? {
        switch occurrence {
        case .manifest(let place, let decoder):
            let header = decoder.layouts[place.index].header
            return event(
                .manifest, place,
                [
                    "shape": .text(header.shape.description), "voxel_type": .text(header.voxelType.description),
                    "bytes": .integer(header.voxelOffset + header.voxelByteCount),
                ])
        case .firstROIByte(let place): return event(.firstROIByte, place)
        case .applied, .shown: return nil
        case .progress(let place, let done, let completeness):
            return progress.fields(WorkProgress(done, of: place.session, completeness)).map { figures in
                let fields: [String: JSONValue] = [
                    "session": .text(place.session), "sender": .text(place.sender), "peer": .text(place.peer),
                    "region_there": .flag(done.hasRegion), "completeness": .completeness(completeness),
                ]
                return Event(.progress, figures.merging(fields) { $1 })
            }
        case .milestone(let milestone, let place, let seconds, let completeness):
            let fields: [String: JSONValue] = [
                "seconds_since_send": .number(seconds as Double?), "completeness": .completeness(completeness),
            ]
            return event(Self.kind(of: milestone), place, fields)
        case .receipt(let place): return event(.receipt, place)
        case .focus(let place, let request): return event(of: request, place)
        case .stalled(let session): return event(.stalled, session: session)
        case .resumed(let session): return event(.resumed, session: session)
        case .altered(let session): return event(.altered, session: session)
        case .refused(let reason, let count, let address):
            return Event(
                .refused, ["t": now, "reason": .text(reason.rawValue), "count": .integer(count), "peer": .text(address)])
        case .ended(let session, .success(let summary)):
            progress.finish(session)
            return Event(.summary, Self.fields(summary))
        case .ended(let session, .failure(let error)):
            progress.finish(session)
            return event(.sessionFailed, session: session, ["message": .text("\(error)")])
        }
    }

    private func event(_ kind: Event.Kind, session: String, _ more: [String: JSONValue] = [:]) -> Event {
        Event(kind, ["t": now, "session": .text(session)].merging(more) { $1 })
    }

    private func event(_ kind: Event.Kind, _ place: ReceivingSite.Place, _ more: [String: JSONValue] = [:]) -> Event {
        let fields: [String: JSONValue] = [
            "volume": .text(place.volume), "volume_index": .integer(place.index), "sender": .text(place.sender),
            "peer": .text(place.peer),
        ]
        return event(kind, session: place.session, fields.merging(more) { $1 })
    }

    private func event(of request: RegionRequest, _ place: ReceivingSite.Place) -> Event {
        let fields: [String: JSONValue] = [
            "focus": .integer(Int(request.number)), "timepoint": .integer(request.timepoint), "box": .text(request.box.description),
        ]
        switch request.state {
        case .asked: return event(.focusAsked, place, fields)
        case .shown(let seconds, let error):
            return event(
                .focusShown, place,
                fields.merging(["seconds": .number(seconds as Double?), "max_abs_error": .number(error)]) { $1 })
        }
    }

    private static func kind(of milestone: Milestone) -> Event.Kind {
        switch milestone {
        case .roiComplete: .roiComplete
        case .backgroundComplete: .backgroundComplete
        case .roiBounded: .roiBounded
        case .roiLossless: .roiLossless
        case .volumeLossless: .volumeLossless
        }
    }

    /// The fields of a summary.
    package static func fields(_ summary: ReceivingSite.Summary) -> [String: JSONValue] {
        [
            "session": .text(summary.session), "sender": .text(summary.sender), "peer": .text(summary.peer),
            "folder": .text(summary.folder), "time_to_roi": .number(summary.timeToROI),
            "time_to_background": .number(summary.timeToBackground), "time_to_lossless": .number(summary.timeToLossless),
            "volumes": .list(
                summary.volumes.map { volume in
                    .object([
                        "path": .text(volume.path), "quality_path": .text(volume.qualityPath),
                        "sha256": .text(volume.digest.description), "file_sha256": .text(volume.fileDigest.description),
                        "state": .text(volume.state.name),
                    ])
                }),
        ]
    }
}
