internal import Foundation
internal import NIfTIFile
internal import RefinementCodec
internal import VolumeModel

/// Fovea's refinement coder on a volume from nothing: what layers are measured against.
enum WithoutBase {
    private static let slices = 32

    /// Bytes of masks and chunks of about 32 slices, coded on all cores.
    /// - Throws: `RefinementError`.
    static func byteCount(_ subject: Subject, _ codes: [UInt16]) throws -> Int {
        let shape = subject.image.volume.shape
        guard let content = Surroundings(of: subject.image.volume).content else { return 0 }
        // The fill value is what stands in a corner where there is anything outside the content.
        let outside = content == shape.box ? nil : outsideCode(codes, shape, content)
        let first = content.z.lowerBound
        let parts = max(1, (content.z.count + slices / 2) / slices)
        let slabs = (0..<parts).map { first + content.z.count * $0 / parts..<first + content.z.count * ($0 + 1) / parts }
        let results = UnsafeMutablePointer<Int>.allocate(capacity: slabs.count)
        results.initialize(repeating: 0, count: slabs.count)
        defer { results.deallocate() }
        nonisolated(unsafe) let counts = results
        let greatest = subject.greatest
        DispatchQueue.concurrentPerform(iterations: slabs.count) { index in
            var exact: [UInt16] = []
            for z in slabs[index] {
                for y in content.y {
                    let row = (z * shape.rows + y) * shape.columns
                    exact += codes[row + content.x.lowerBound..<row + content.x.upperBound]
                }
            }
            let known = exact.map { $0 == outside ? UInt8(1) : 0 }
            guard
                let mask = try? MaskCoder.encode(known, columns: content.x.count, rows: content.y.count),
                let context = try? RefinementContext(
                    columns: content.x.count, rows: content.y.count, slices: slabs[index].count, greatestCode: greatest,
                    base: [UInt16](repeating: 0, count: exact.count), known: known),
                let chunk = try? ContextMixingRefinement().encode(exact, given: context)
            else { return }
            counts[index] = chunk.count + mask.count
        }
        return (0..<slabs.count).reduce(0) { $0 + counts[$1] }
    }

    private static func outsideCode(_ codes: [UInt16], _ shape: Shape, _ content: Box) -> UInt16 {
        for z in 0..<shape.slices {
            for y in 0..<shape.rows {
                for x in 0..<shape.columns where !(content.z.contains(z) && content.y.contains(y) && content.x.contains(x)) {
                    return codes[(z * shape.rows + y) * shape.columns + x]
                }
            }
        }
        return 0
    }
}
