/// Smooth band-limited noise in three dimensions, about -1...1, mean 0.
///
/// Lattice gradients come from an integer hash, so the noise needs no table and has
/// no period that a volume could show.
struct GradientNoise {
    private let seed: UInt32
    private let frequency: Float

    /// - Parameter cell: the lattice spacing in mm; zero crossings lie about so far apart.
    init(cell: Float, drawing random: inout SeededGenerator) {
        frequency = 1 / cell
        seed = UInt32(truncatingIfNeeded: random.next() >> 32)
    }

    @inline(__always)
    private func corner(
        _ ix: Int32, _ iy: Int32, _ iz: Int32, _ x: Float, _ y: Float, _ z: Float
    ) -> Float {
        var h = seed
        h ^= UInt32(bitPattern: ix) &* 0x9E37_79B1
        h ^= UInt32(bitPattern: iy) &* 0x85EB_CA77
        h ^= UInt32(bitPattern: iz) &* 0xC2B2_AE3D
        h = (h ^ (h >> 15)) &* 0x2C1B_3C6D
        h = (h ^ (h >> 12)) &* 0x297A_2D39
        h ^= h >> 15
        // Gradients spread through a cube rather than along twelve edges: folds made
        // from the edge set show its diagonals.
        let gx = Float(Int32(h & 1023) - 512)
        let gy = Float(Int32((h >> 10) & 1023) - 512)
        let gz = Float(Int32((h >> 20) & 1023) - 512)
        return gx * x + gy * y + gz * z
    }

    @inline(__always)
    private func fade(_ t: Float) -> Float { t * t * t * (t * (t * 6 - 15) + 10) }

    func callAsFunction(_ p: Point) -> Float {
        self(p.x, p.y, p.z)
    }

    func callAsFunction(_ px: Float, _ py: Float, _ pz: Float) -> Float {
        let x = px * frequency
        let y = py * frequency
        let z = pz * frequency
        let fx = x.rounded(.down)
        let fy = y.rounded(.down)
        let fz = z.rounded(.down)
        let ix = Int32(fx)
        let iy = Int32(fy)
        let iz = Int32(fz)
        let dx = x - fx
        let dy = y - fy
        let dz = z - fz
        let u = fade(dx)
        let v = fade(dy)
        let w = fade(dz)
        let a = mix(
            corner(ix, iy, iz, dx, dy, dz), corner(ix &+ 1, iy, iz, dx - 1, dy, dz), u)
        let b = mix(
            corner(ix, iy &+ 1, iz, dx, dy - 1, dz),
            corner(ix &+ 1, iy &+ 1, iz, dx - 1, dy - 1, dz), u)
        let c = mix(
            corner(ix, iy, iz &+ 1, dx, dy, dz - 1),
            corner(ix &+ 1, iy, iz &+ 1, dx - 1, dy, dz - 1), u)
        let d = mix(
            corner(ix, iy &+ 1, iz &+ 1, dx, dy - 1, dz - 1),
            corner(ix &+ 1, iy &+ 1, iz &+ 1, dx - 1, dy - 1, dz - 1), u)
        return mix(mix(a, b, v), mix(c, d, v), w) * (1 / 420)
    }
}
