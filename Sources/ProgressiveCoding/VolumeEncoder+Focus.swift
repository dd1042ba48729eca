internal import Faults
internal import HEVCDecoding
internal import Decoding
internal import HEVCCodec
internal import NIfTIFile
package import VolumeModel
package import WireFormat

extension VolumeEncoder {
    /// Codes what a receiver asked for as a region's base layer, in parts of 32 slices or less. It changes nothing of what was
    /// planned: exact voxels still come given the base that was.
    /// - Returns: records of ``FocusChunk``; none where every voxel is exact with the manifest alone.
    /// - Throws: `CodingError`.
    func answer(_ focus: Focus) throws -> [ChunkRecord] {
        let boxes = layout.focusBoxes(focus.box).flatMap { box -> [StackedBox] in
            let sliceByteCount = box.x.count * box.y.count * image.volume.voxelType.byteCount
            let count = max(1, min(FocusChunk.sliceLimit, ChunkPlanner.voxelByteLimit / sliceByteCount))
            return stride(from: box.z.lowerBound, to: box.z.upperBound, by: count).compactMap {
                try? box.over(slices: $0..<min($0 + count, box.z.upperBound))
            }
        }
        guard boxes.count <= FocusChunk.partLimit else {
            throw CodingError(.tooLarge, "a focus on \(focus.box) has more than \(FocusChunk.partLimit) parts")
        }
        return try boxes.enumerated().map { part, box in
            let stack = try SliceStack(
                columns: box.x.count, rows: box.y.count, count: box.z.count, samples: layout.map.samples(of: image.volume, in: box))
            let slices = try HEVCEncoder.encode(stack, settings.roi)
            let decoded = try layout.focusRequest(slices, box).decoded()
            guard case .samples(let samples) = decoded else {
                throw CodingError(.verificationFailed, "a focus on \(box) does not decode to samples")
            }
            let fidelity = fidelity(of: samples, for: PlannedChunk(layer: .focusBase, box: box))
            return ChunkRecord(
                coder: 1, maxAbsoluteError: fidelity.finiteMaxAbsoluteError,
                meanSquaredError: fidelity.finiteMeanSquaredError,
                payload: FocusChunk(
                    focus: focus.number, volume: Int(focus.volume), part: part, partCount: boxes.count, box: box, slices: slices
                ).encoded())
        }
    }
}

extension VolumeLayout {
    /// The parts of a box where not every voxel is known from the manifest.
    package func focusBoxes(_ box: StackedBox) -> [StackedBox] {
        guard let content = manifest.content else { return [] }
        return shape.stacked(content).compactMap { $0.intersection(box) }
    }

    /// The work on the slices of a focus.
    func focusRequest(_ slices: [UInt8], _ box: StackedBox) -> DecodeRequest {
        .slices(
            payload: slices, columns: box.x.count, rows: box.y.count, count: box.z.count, bitDepth: Int(manifest.bitDepth))
    }
}

extension SessionEncoder {
    /// Records to send for a receiver's request, and the planned chunks that lie under it.
    package struct FocusAnswer: Sendable {
        /// Records to go ahead, each under an ordinal beyond the table's.
        package let records: [[UInt8]]
        /// Chunks of the background's base layer that the box touches.
        package let base: [UInt32]
        /// Chunks that make the box exact, and those that they rest on.
        package let refinement: [UInt32]
    }

    /// Codes a request, on the calling thread.
    /// - Returns: nil when the request is for a volume or voxels that there are not, or exact voxels are not planned: what is shown for a
    ///   request depends on when it comes, and only exact voxels end the same whatever was shown before.
    /// - Throws: `CodingError`.
    package func answer(_ focus: Focus) throws -> FocusAnswer? {
        let index = Int(focus.volume)
        guard manifest.goal == .lossless, encoders.indices.contains(index) else { return nil }
        let encoder = encoders[index]
        let layout = encoder.layout
        guard layout.shape.stackedBox.contains(focus.box) else { return nil }
        let first = 1 + encoders[..<index].reduce(0) { $0 + $1.layout.manifest.plan.count }
        let plan = layout.manifest.plan
        var wanted = Set(
            plan.indices.filter {
                [.roiRefinement, .backgroundRefinement].contains(plan[$0].layer) && plan[$0].box.intersection(focus.box) != nil
            })
        // The background rests on regions, and those on their bases, masks and tables, which rest on nothing: two rounds are enough.
        for _ in 0..<2 { wanted.formUnion(wanted.flatMap { layout.prerequisites[$0] }) }
        let base = plan.indices.filter { plan[$0].layer == .backgroundBase && plan[$0].box.intersection(focus.box) != nil }
        func ordinals(_ indices: some Sequence<Int>) -> [UInt32] { indices.sorted().map { UInt32(first + $0) } }
        return FocusAnswer(
            records: try encoder.answer(focus).map { try $0.encoded() }, base: ordinals(base),
            refinement: ordinals(wanted.subtracting(base)))
    }
}
