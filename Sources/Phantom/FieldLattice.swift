/// A coarse lattice of the smooth fields, from which rows of voxels are interpolated.
///
/// Everything but noise and tissue borders varies over centimetres, so computing it
/// every 2 mm and interpolating is what makes a full head take about a second.
final class FieldLattice {
    /// Half the lattice's size in mm; nothing of the brain lies beyond.
    private static let reach = Point(84, 108, 80)

    let countX: Int
    let countY: Int
    let countZ: Int
    let step: Point
    let nodes: UnsafeMutablePointer<Float>

    var nodeCount: Int { countX * countY * countZ }

    init(frame: HeadFrame) {
        // Nodes finer than the voxels would be work that nobody sees.
        step = Point(max(2, frame.voxel.x), max(2, frame.voxel.y), max(2, frame.voxel.z))
        // Odd counts put a node on the middle plane.
        countX = 2 * Int((Self.reach.x / step.x).rounded(.up)) + 1
        countY = 2 * Int((Self.reach.y / step.y).rounded(.up)) + 1
        countZ = 2 * Int((Self.reach.z / step.z).rounded(.up)) + 1
        nodes = UnsafeMutablePointer<Float>.allocate(
            capacity: countX * countY * countZ * Field.count)
        nodes.initialize(repeating: 0, count: countX * countY * countZ * Field.count)
    }

    deinit {
        nodes.deallocate()
    }

    func point(_ i: Int, _ j: Int, _ k: Int) -> Point {
        Point(
            Float(i - countX / 2) * step.x, Float(j - countY / 2) * step.y,
            Float(k - countZ / 2) * step.z)
    }

    /// Interpolates the fields at (y, z) for every node along x.
    ///
    /// Returns false when the row lies beyond the lattice.
    func line(y: Float, z: Float, into line: UnsafeMutablePointer<Float>) -> Bool {
        let v = y / step.y + Float(countY / 2)
        let w = z / step.z + Float(countZ / 2)
        guard v >= 0, w >= 0, v < Float(countY - 1), w < Float(countZ - 1) else { return false }
        let j = Int(v)
        let k = Int(w)
        let fy = v - Float(j)
        let fz = w - Float(k)
        let width = countX * Field.count
        let a = nodes + (k * countY + j) * width
        let b = a + width
        let c = a + countY * width
        let d = c + width
        let wa = (1 - fy) * (1 - fz)
        let wb = fy * (1 - fz)
        let wc = (1 - fy) * fz
        let wd = fy * fz
        for n in 0..<width {
            line[n] = a[n] * wa + b[n] * wb + c[n] * wc + d[n] * wd
        }
        return true
    }
}
