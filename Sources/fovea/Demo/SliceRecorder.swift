internal import NIfTIFile
internal import ProgressiveCoding
internal import Synchronization
internal import VolumeModel
internal import WireFormat

/// A slice as it stood at one time.
struct SliceView: Sendable {
    let seconds: Double
    let columns: Int
    let rows: Int
    /// Stored values, rows x columns.
    let values: [Double]
    /// A quality a voxel.
    let quality: [UInt8]
}

/// Keeps the slice through the middle of the region of interest as it improves.
final class SliceRecorder: Sendable {
    private struct State {
        var decoder: SessionDecoder?
        var views: [SliceView] = []
        var pending: Task<Void, Never>?
    }
    private let state = Mutex(State())

    func begin(_ decoder: SessionDecoder, at seconds: Double) {
        state.withLock { $0.decoder = $0.decoder ?? decoder }
        note(at: seconds)
    }

    /// Takes the slice as it is now; one after another, so that views stay in order.
    func note(at seconds: Double) {
        state.withLock { state in
            guard let decoder = state.decoder else { return }
            let before = state.pending
            state.pending = Task {
                await before?.value
                let view = Self.view(await decoder.snapshot(volume: 0), at: seconds)
                self.state.withLock { $0.views.append(view) }
            }
        }
    }

    func finish() async -> [SliceView] {
        await state.withLock { $0.pending }?.value
        return state.withLock { $0.views }
    }

    var region: Box? { get async { state.withLock { $0.decoder }?.layouts[0].manifest.regions.first } }

    private static func view(_ volume: VolumeAssembler, at seconds: Double) -> SliceView {
        let shape = volume.layout.shape
        let box = volume.layout.manifest.regions.first ?? shape.box
        let slice = (box.z.lowerBound + box.z.upperBound) / 2
        let byteCount = volume.layout.header.voxelType.byteCount
        let range = slice * shape.sliceVoxelCount..<(slice + 1) * shape.sliceVoxelCount
        let values: [Double]
        if let flat = try? Shape(columns: shape.columns, rows: shape.rows, slices: 1),
            let part = try? Volume(
                shape: flat, voxelType: volume.layout.header.voxelType,
                voxels: volume.voxels.values(range.lowerBound * byteCount..<range.upperBound * byteCount))
        {
            values = part.doubles()
        } else {
            values = []
        }
        return SliceView(
            seconds: seconds, columns: shape.columns, rows: shape.rows, values: values, quality: volume.quality.values(range))
    }
}
