/// A glioma: a necrotic core in an enhancing rim, with oedema around it.
struct Tumour {
    /// The effect of the tumour on one voxel.
    struct Effect {
        /// Share of the voxel that is core, rim included, and the core's own signal.
        var core: Float
        var coreSignal: Float
        /// Share of the remainder that is oedema, and its signal.
        var oedema: Float
        var oedemaSignal: Float
        var label: UInt8
    }

    let centre: Point
    let side: Float
    let reach: Float
    private let coreRadius: Float
    private let rim: Float
    private let stretch: Point
    private let push: Float
    private let lobes: GradientNoise
    private let fringe: GradientNoise
    private let texture: GradientNoise
    private let grain: GradientNoise

    init(drawing random: inout SeededGenerator) {
        side = random.sign()
        centre = Point(
            side * random.uniform(29, 37), random.uniform(-44, 38), random.uniform(14, 34))
        reach = random.uniform(24, 32)
        coreRadius = reach * random.uniform(0.42, 0.55)
        rim = random.uniform(2.6, 4.2)
        stretch = Point(
            random.uniform(1, 1.25), random.uniform(0.75, 0.95), random.uniform(0.9, 1.15))
        push = random.uniform(0.16, 0.28)
        lobes = GradientNoise(cell: 15, drawing: &random)
        fringe = GradientNoise(cell: 9, drawing: &random)
        texture = GradientNoise(cell: 6, drawing: &random)
        grain = GradientNoise(cell: 3, drawing: &random)
    }

    /// Returns the point at which the tissue now at a place was before the tumour pushed it aside.
    func unpushed(_ p: Point) -> Point {
        let dx = p.x - centre.x
        let dy = p.y - centre.y
        let dz = p.z - centre.z
        let q = (dx * dx + dy * dy + dz * dz) / (reach * reach)
        // The skull holds the surface still.
        let give = push / ((1 + q) * (1 + q)) * clamp01(2.5 * BrainShape.centrality(p))
        return Point(p.x - dx * give, p.y - dy * give, p.z - dz * give)
    }

    /// Tells whether a voxel is near enough to be worth asking about.
    @inline(__always)
    func reaches(_ p: Point) -> Bool {
        let dx = p.x - centre.x
        let dy = p.y - centre.y
        let dz = p.z - centre.z
        let limit = reach * 1.9
        return dx * dx + dy * dy + dz * dz < limit * limit
    }

    /// The tumour's share of a voxel that is `white` part white matter, `fluid` part
    /// CSF, `depth` mm below the surface of a hemisphere and `midline` mm from the falx.
    func effect(
        _ p: Point, white: Float, fluid: Float, depth: Float, midline: Float, contrast: Float
    ) -> Effect {
        let dx = (p.x - centre.x) * stretch.x
        let dy = (p.y - centre.y) * stretch.y
        let dz = (p.z - centre.z) * stretch.z
        let distance = (dx * dx + dy * dy + dz * dz).squareRoot()
        let lobe = lobes(p)
        let fray = fringe(p)
        let speckle = texture(p)
        // Whatever divides the hemispheres stops both core and oedema.
        let sameSide = ramp(midline * side, 0.3, 1.8)
        let solid = (1 - fluid) * sameSide
        let inCore = coreRadius * (1 + 0.42 * lobe + 0.14 * fray) - distance
        let core = ramp(inCore, -0.8, 0.8) * solid * ramp(depth, 0.3, 1.8)
        let thickness = rim * (1 + 0.5 * fray + 0.5 * speckle)
        let necrosis = ramp(inCore, thickness - 0.9, thickness + 0.9)
        let rimSignal = 2.15 + 0.7 * speckle + 0.2 * fray + 0.12 * grain(p)
        let deadSignal = 1.2 + 0.35 * lobe + 0.5 * speckle
        let spread = reach * (1 + 0.5 * lobe + 0.22 * fray) - distance
        // Oedema follows white matter; cortex and nuclei take up little of it.
        let permitted = white * white * (1 - clamp01(3 * abs(contrast)) * 0.65) + 0.08
        let oedema = ramp(spread, -3, 5) * min(1, permitted) * solid
        let fading = 0.78 + 0.22 * ramp(spread, 0, 9)
        let oedemaSignal = (2.4 + 0.2 * speckle + 0.1 * lobe) * fading
        var label: UInt8 = 0
        if core > 0.5 {
            label = necrosis > 0.5 ? 1 : 4
        } else if oedema > 0.45 {
            label = 2
        }
        return Effect(
            core: core, coreSignal: mix(rimSignal, deadSignal, necrosis), oedema: oedema,
            oedemaSignal: oedemaSignal, label: label)
    }
}
