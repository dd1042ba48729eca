internal import Foundation
internal import NIfTIFile
internal import ExactCodec
internal import VolumeModel

/// Fovea's coder of exact voxels alone, in memory and on all cores: from the source's codes and its mask to chunks, and back.
enum WithoutBase {
    /// One chunk.
    private struct Slab {
        let exact: [UInt16]
        let context: ExactContext
        let maskByteCount: Int
    }

    /// Bytes of masks and chunks, and the seconds the coder takes over the chunks each way.
    /// - Parameter slices: about as many as a chunk has: 32 on fast links, 64 on thin ones.
    /// - Throws: `ExactCodecError`, or `Tool.Failed` where what is decoded is not what was coded.
    static func score(_ subject: Subject, _ codes: [UInt16], slices: Int) throws -> Score {
        let slabs = try slabs(subject, codes, slices)
        let coder = ExactCoders.linear.coder
        let (chunks, encodeSeconds) = concurrently(slabs.count) { try? coder.encode(slabs[$0].exact, given: slabs[$0].context) }
        let (again, decodeSeconds) = concurrently(slabs.count) { index in
            chunks[index].flatMap { try? coder.decode($0, given: slabs[index].context) }
        }
        for (slab, decoded) in zip(slabs, again) {
            let isSame = slab.exact.indices.allSatisfy {
                slab.context.known[$0] != ExactContext.takesPart || decoded?[$0] == slab.exact[$0]
            }
            guard decoded != nil, isSame else { throw Tool.Failed(description: "NOT EXACT") }
        }
        let coded = slabs.reduce(0) { $0 + $1.context.known.reduce(0) { $0 + ($1 == ExactContext.takesPart ? 1 : 0) } }
        return Score(
            bytes: zip(slabs, chunks).reduce(0) { $0 + $1.0.maskByteCount + ($1.1?.count ?? 0) }, encodeSeconds: encodeSeconds,
            decodeSeconds: decodeSeconds, codedVoxels: coded)
    }

    private static let passes = 5

    /// The results, and the median of the seconds of several passes.
    private static func concurrently<Result: Sendable>(_ count: Int, _ work: @Sendable (Int) -> Result) -> ([Result], Double) {
        let runs = (0..<passes).map { _ in onePass(count, work) }
        return (runs[0].0, runs.map(\.1).sorted()[passes / 2])
    }

    private static func onePass<Result: Sendable>(_ count: Int, _ work: @Sendable (Int) -> Result) -> ([Result], Double) {
        let results = UnsafeMutablePointer<Result?>.allocate(capacity: count)
        results.initialize(repeating: nil, count: count)
        defer { results.deallocate() }
        nonisolated(unsafe) let places = results
        let start = ContinuousClock.now
        DispatchQueue.concurrentPerform(iterations: count) { places[$0] = work($0) }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return ((0..<count).compactMap { results[$0] }, seconds)
    }

    private static func slabs(_ subject: Subject, _ codes: [UInt16], _ slices: Int) throws -> [Slab] {
        let shape = subject.image.volume.shape
        let surroundings = Surroundings(of: subject.image.volume)
        guard let content = surroundings.content else { return [] }
        let outside = outsideCode(codes, subject.image.volume, surroundings.fill)
        let run = content.z.count == shape.slices ? 0..<shape.stackedSliceCount : content.z
        let parts = max(1, (run.count + slices / 2) / slices)
        return try (0..<parts).map { part in
            let slab = run.lowerBound + run.count * part / parts..<run.lowerBound + run.count * (part + 1) / parts
            var exact: [UInt16] = []
            for z in slab {
                for y in content.y {
                    let row = (z * shape.rows + y) * shape.columns
                    exact += codes[row + content.x.lowerBound..<row + content.x.upperBound]
                }
            }
            let isOutside = exact.map { $0 == outside ? UInt8(1) : 0 }
            let mask = try MaskCoder.encode(isOutside, columns: content.x.count, rows: content.y.count)
            // A mask that does not pay is left out, as in a transfer.
            let pays = mask.count * 8 <= isOutside.reduce(0) { $0 + Int($1) }
            let context = try ExactContext(
                columns: content.x.count, rows: content.y.count, slices: slab.count, maxCode: subject.greatest,
                base: [UInt16](repeating: 0, count: exact.count),
                known: pays ? isOutside : [UInt8](repeating: 0, count: exact.count))
            return Slab(exact: exact, context: context, maskByteCount: pays ? mask.count : 0)
        }
    }

    /// The code of the fill value; nil where no voxel holds it.
    private static func outsideCode(_ codes: [UInt16], _ volume: Volume, _ fill: UInt64) -> UInt16? {
        let byteCount = volume.voxelType.byteCount
        let bits = withUnsafeBytes(of: fill.littleEndian) { Array($0.prefix(byteCount)) }
        return codes.indices.first { volume.voxels.values($0 * byteCount..<($0 + 1) * byteCount) == bits }.map { codes[$0] }
    }
}
