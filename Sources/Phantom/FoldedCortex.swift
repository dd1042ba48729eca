/// Lays the sulci into the cerebrum's outline.
///
/// A sulcus is a zero crossing of noise that is read not where a place lies but where
/// it would come out on the surface, so that crossings run inwards as sheets. Dividing
/// the noise by its slope turns it into a distance, which gives cortex an even
/// thickness.
struct FoldedCortex {
    let subject: Subject

    func fill(_ lattice: FieldLattice, average: [Point]) {
        let total = lattice.nodeCount
        let depth = UnsafeMutablePointer<Float>.allocate(capacity: total)
        let large = UnsafeMutablePointer<Float>.allocate(capacity: total)
        let small = UnsafeMutablePointer<Float>.allocate(capacity: total)
        defer {
            depth.deallocate()
            large.deallocate()
            small.deallocate()
        }
        for n in 0..<total {
            let node = lattice.nodes + n * Field.count
            depth[n] = Self.depth(
                cerebrum: node[Field.cerebrum], midline: node[Field.midline],
                core: node[Field.core])
            large[n] = 1
            small[n] = 1
        }
        forInner(lattice) { n, sx, sy, sz in
            guard depth[n] > -8, depth[n] < 30 else { return }
            let out = projected(average[n], depth, n, sx, sy, sz)
            let reach = 18 + 22 * subject.sulcalDepth(out)
            lattice.nodes[n * Field.count + Field.sulcalDepth] = max(5, min(24, reach))
            large[n] = subject.sulci(out)
            small[n] = subject.smallSulci(out)
        }
        forInner(lattice) { n, sx, sy, sz in
            guard depth[n] > -6, depth[n] < 28 else {
                lattice.nodes[n * Field.count + Field.sulcus] = 20
                lattice.nodes[n * Field.count + Field.smallSulcus] = 20
                return
            }
            let step = lattice.step
            let node = lattice.nodes + n * Field.count
            node[Field.sulcus] = Self.distance(large, n, sx, sy, sz, step, steepness: 0.028)
            node[Field.smallSulcus] = Self.distance(small, n, sx, sy, sz, step, steepness: 0.04)
        }
    }

    /// Depth below the surface of a hemisphere, its flat inner face included.
    @inline(__always)
    static func depth(cerebrum: Float, midline: Float, core: Float) -> Float {
        let side = abs(midline)
        let inner = core > 0 ? (midline * midline + core * core).squareRoot() : side
        return min(cerebrum, inner)
    }

    /// Returns the point at which a place would come out if it moved to the surface, slightly bent.
    private func projected(
        _ p: Point, _ depth: UnsafeMutablePointer<Float>, _ n: Int, _ sx: Int, _ sy: Int, _ sz: Int
    ) -> Point {
        var gx = depth[n + sx] - depth[n - sx]
        var gy = depth[n + sy] - depth[n - sy]
        var gz = depth[n + sz] - depth[n - sz]
        let length = max(0.5, (gx * gx + gy * gy + gz * gz).squareRoot())
        // Stopping short of the surface lets sheets curve as they go in.
        let move = 0.72 * depth[n] / length
        gx *= move
        gy *= move
        gz *= move
        let bend = 10 * subject.bend(p.x, p.y, p.z)
        let fine = 4.5 * subject.bendFine(p.x, p.y, p.z)
        return Point(p.x - gx + bend - fine, p.y - gy + fine + bend, p.z - gz + fine - bend)
    }

    private static func distance(
        _ noise: UnsafeMutablePointer<Float>, _ n: Int, _ sx: Int, _ sy: Int, _ sz: Int,
        _ step: Point, steepness: Float
    ) -> Float {
        let gx = (noise[n + sx] - noise[n - sx]) / (2 * step.x)
        let gy = (noise[n + sy] - noise[n - sy]) / (2 * step.y)
        let gz = (noise[n + sz] - noise[n - sz]) / (2 * step.z)
        let slope = (gx * gx + gy * gy + gz * gz).squareRoot()
        return max(-20, min(20, noise[n] / max(slope, steepness)))
    }

    private func forInner(_ lattice: FieldLattice, _ body: (Int, Int, Int, Int) -> Void) {
        let sy = lattice.countX
        let sz = lattice.countX * lattice.countY
        for k in 1..<(lattice.countZ - 1) {
            for j in 1..<(lattice.countY - 1) {
                for i in 1..<(lattice.countX - 1) {
                    body((k * lattice.countY + j) * lattice.countX + i, 1, sy, sz)
                }
            }
        }
    }
}
