package import Concurrency
internal import Decoding
internal import Foundation
internal import NIfTIFile
internal import ProgressiveCoding
internal import Synchronization
package import VolumeModel
internal import WireFormat

/// The quality of a volume's region of interest and background after any set of its chunks, against the source.
///
/// Chunks are decoded once. A slice looks the same whenever the same chunks that touch it are in, whatever the order; so each
/// look of a slice is
/// measured once, and whatever a transfer does is a sum over slices. Docs/Measures.md defines the voxel sets.
package final class QualityTable: Sendable {
    /// The look of a set of voxels, measured against the source.
    package struct Look: Sendable, Equatable {
        /// Voxels.
        package var voxelCount = 0
        /// The sum of squared differences in stored units.
        package var squaredErrorSum = 0.0
        /// The sum of the structural similarity over windows.
        package var similaritySum = 0.0
        /// Windows.
        package var windowCount = 0

        /// Mean squared error.
        package var meanSquaredError: Double { voxelCount == 0 ? 0 : squaredErrorSum / Double(voxelCount) }
        /// The mean structural similarity; nil where no window fits.
        package var similarity: Double? { windowCount == 0 ? nil : similaritySum / Double(windowCount) }

        static func + (a: Look, b: Look) -> Look {
            Look(
                voxelCount: a.voxelCount + b.voxelCount, squaredErrorSum: a.squaredErrorSum + b.squaredErrorSum,
                similaritySum: a.similaritySum + b.similaritySum, windowCount: a.windowCount + b.windowCount)
        }
    }

    /// Region and background of the volume, or of one slice.
    package struct Pair: Sendable, Equatable {
        /// The regions of interest.
        package var roi = Look()
        /// The rest of the content.
        package var background = Look()
    }

    private struct Key: Hashable {
        let slice: Int
        /// Which of the chunks that touch the slice are in.
        let isIn: [Bool]
    }

    /// The source's greatest less least value: the peak of PSNR.
    package let peak: Double
    private let slices: [SliceMeter]
    private let layout: VolumeLayout
    private let decoded: [(DecodedChunk, ChunkRecord)]
    /// For each stacked slice, the planned chunks that touch it.
    private let touching: [[Int]]
    private let known = Mutex<[Key: Pair]>([:])

    /// Decodes a coded volume's chunks.
    /// - Parameters:
    ///   - source: the volume that was coded.
    ///   - regions: the regions of interest as they were found, over the slices of one time point.
    /// - Throws: `CodingError`, `FormatError`.
    package init(_ coded: CodedVolume, source: Volume, regions: [Box], pool: CodingPool) async throws {
        let layout = try VolumeLayout(coded.manifest.volumes[0], memoryLimit: .max, diskLimit: .max)
        self.layout = layout
        let range = source.finiteRange()
        let peak = range.upperBound - range.lowerBound
        self.peak = peak
        let plan = layout.manifest.plan
        var assembler = try VolumeAssembler(layout)
        var decoded: [Int: (DecodedChunk, ChunkRecord)] = [:]
        // A layer's chunks rest on other layers only, so those of one are decoded side by side.
        var start = 0
        while start < plan.count {
            let end = plan[start...].firstIndex { $0.layer != plan[start].layer } ?? plan.count
            let snapshot = assembler
            let made = try await withThrowingTaskGroup(of: (Int, DecodedChunk, ChunkRecord).self) { group in
                for index in start..<end {
                    group.addTask {
                        try await pool.run {
                            let record = try ChunkRecord(decoding: coded.chunks[index + 1].record)
                            return (index, try snapshot.request(for: index, record).decoded(), record)
                        }
                    }
                }
                var made: [Int: (DecodedChunk, ChunkRecord)] = [:]
                for try await (index, chunk, record) in group { made[index] = (chunk, record) }
                return made
            }
            for index in start..<end {
                guard let (chunk, record) = made[index] else { continue }
                try assembler.apply(chunk, to: index, record)
                decoded[index] = (chunk, record)
            }
            start = end
        }
        self.decoded = plan.indices.compactMap { decoded[$0] }
        touching = (0..<layout.shape.stackedSliceCount).map { slice in
            plan.indices.filter { Self.changesVoxels(plan[$0].layer) && plan[$0].box.z.contains(slice) }
        }
        let content = layout.manifest.content
        slices = (0..<layout.shape.stackedSliceCount).map { slice in
            SliceMeter(slice: slice, source: source, content: content, regions: regions, peak: peak)
        }
    }

    private static func changesVoxels(_ layer: Layer) -> Bool {
        switch layer {
        case .roiBase, .backgroundBase, .mask, .roiBounded, .roiRefinement, .backgroundRefinement: true
        case .manifest, .extensions, .valueTable, .table, .focusBase: false
        }
    }

    /// Region and background after each of the chunks, in the order they came; before any, first of all.
    /// - Throws: `CodingError` for an order in which a chunk comes before what it rests on.
    package func looks(after ordinals: [UInt32]) throws -> [Pair] {
        let plan = layout.manifest.plan
        let steps = ordinals.filter { $0 >= 1 && Int($0) <= plan.count }.map { Int($0) - 1 }
        var isIn = [Bool](repeating: false, count: plan.count)
        func key(_ slice: Int) -> Key { Key(slice: slice, isIn: touching[slice].map { isIn[$0] }) }
        var needed: [[Key]] = [(0..<layout.shape.stackedSliceCount).map(key)]
        for index in steps {
            isIn[index] = true
            needed.append(Self.changesVoxels(plan[index].layer) ? plan[index].box.z.map(key) : [])
        }
        let missing = known.withLock { known in needed.map { $0.filter { known[$0] == nil } } }
        if missing.contains(where: { !$0.isEmpty }) { try measure(steps, missing) }
        // Slices keep their look until a chunk touches them.
        var current = [Pair](repeating: Pair(), count: layout.shape.stackedSliceCount)
        return known.withLock { known in
            needed.map { keys in
                for key in keys { current[key.slice] = known[key] ?? Pair() }
                return current.reduce(into: Pair()) { sum, pair in
                    sum.roi = sum.roi + pair.roi
                    sum.background = sum.background + pair.background
                }
            }
        }
    }

    /// Puts the chunks together in this order and measures the slices whose look is not known.
    private func measure(_ steps: [Int], _ missing: [[Key]]) throws {
        var assembler = try VolumeAssembler(layout)
        for (step, keys) in missing.enumerated() {
            if step > 0 {
                let index = steps[step - 1]
                try assembler.apply(decoded[index].0, to: index, decoded[index].1)
            }
            guard !keys.isEmpty else { continue }
            let found = Mutex<[Key: Pair]>([:])
            let (slices, shape) = (slices, layout.shape)
            let byteCount = shape.sliceVoxelCount * layout.header.voxelType.byteCount
            let voxels = assembler.voxels
            DispatchQueue.concurrentPerform(iterations: keys.count) { iteration in
                let key = keys[iteration]
                let bytes = voxels.values(key.slice * byteCount..<(key.slice + 1) * byteCount)
                let pair = slices[key.slice].measure(bytes)
                found.withLock { $0[key] = pair }
            }
            let new = found.withLock { $0 }
            known.withLock { $0.merge(new) { $1 } }
        }
    }
}
