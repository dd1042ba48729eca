/// The features that make one head differ from another: noises and proportions.
struct Subject {
    /// The average head's size relative to this one.
    let size: Point
    let roll: Float
    let ventricleSize: Float
    /// Extra half-width of sulci in mm, larger in older brains.
    let atrophy: Float
    let greyContrast: Float
    let warpX: GradientNoise
    let warpY: GradientNoise
    let warpZ: GradientNoise
    let midlineWander: GradientNoise
    let ripple: GradientNoise
    let bend: GradientNoise
    let bendFine: GradientNoise
    let sulci: GradientNoise
    let smallSulci: GradientNoise
    let sulcalDepth: GradientNoise
    let folia: GradientNoise
    let border: GradientNoise
    let borderFine: GradientNoise
    let mottle: GradientNoise
    let mottleFine: GradientNoise
    let bias: GradientNoise

    init(drawing random: inout SeededGenerator) {
        size = Point(
            random.uniform(0.99, 1.04), random.uniform(0.98, 1.03), random.uniform(0.98, 1.03))
        roll = random.uniform(-0.035, 0.035)
        ventricleSize = random.uniform(0.8, 1.2)
        atrophy = random.uniform(0, 0.4)
        greyContrast = random.uniform(0.32, 0.42)
        warpX = GradientNoise(cell: 55, drawing: &random)
        warpY = GradientNoise(cell: 60, drawing: &random)
        warpZ = GradientNoise(cell: 55, drawing: &random)
        midlineWander = GradientNoise(cell: 16, drawing: &random)
        ripple = GradientNoise(cell: 22, drawing: &random)
        bend = GradientNoise(cell: 26, drawing: &random)
        bendFine = GradientNoise(cell: 13, drawing: &random)
        sulci = GradientNoise(cell: 22, drawing: &random)
        smallSulci = GradientNoise(cell: 17, drawing: &random)
        sulcalDepth = GradientNoise(cell: 24, drawing: &random)
        folia = GradientNoise(cell: 11, drawing: &random)
        border = GradientNoise(cell: 14, drawing: &random)
        borderFine = GradientNoise(cell: 5, drawing: &random)
        mottle = GradientNoise(cell: 24, drawing: &random)
        mottleFine = GradientNoise(cell: 7, drawing: &random)
        bias = GradientNoise(cell: 130, drawing: &random)
    }

    /// The place in the average head that a place in this head corresponds to.
    func toAverage(_ p: Point) -> Point {
        let r = 1.6 * ripple(p)
        return Point(
            (p.x + roll * p.z) * size.x + 4 * warpX(p) + 0.4 * r,
            p.y * size.y + 6 * warpY(p) + r,
            p.z * size.z + 5 * warpZ(p) - r)
    }
}
