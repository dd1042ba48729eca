/// The outlines of the average brain, as depths in mm below each outline.
enum BrainShape {
    private static let cerebrum = Ellipsoid(Point(0, -5, 2), Point(66, 88, 63), boxiness: 0.18)
    private static let temporal = Tube(Point(40, 29, -33), 17, Point(44, -46, -14), 19)
    private static let hippocampal = Tube(Point(22, 9, -25), 10, Point(24, -38, -15), 13)
    private static let cerebellum = Ellipsoid(Point(21, -51, -43), Point(30, 33, 24))
    private static let vermis = Ellipsoid(Point(0, -50, -36), Point(12, 25, 20))
    private static let medulla = Tube(Point(0, -24, -74), 8, Point(0, -17, -52), 10)
    private static let peduncle = Tube(Point(10, -14, -40), 9, Point(22, -38, -42), 8)
    private static let pons = Ellipsoid(Point(0, -10, -39), Point(17, 13, 14))
    private static let midbrain = Tube(Point(0, -12, -38), 12, Point(0, -10, -6), 15)
    private static let cistern = Ellipsoid(Point(0, 6, -24), Point(24, 22, 9))
    private static let rearCistern = Ellipsoid(Point(0, -28, -17), Point(24, 14, 11))

    /// Height of the cerebrum's underside: orbit roofs in front, tentorium behind.
    private static func floor(_ p: Point) -> Float {
        let front = -25 - 4 * ramp(p.x, 25, 0)
        let middle: Float = -17
        let tent = -30 + 27 * ramp(p.y, -84, -34) * ramp(p.x, 48, 0)
        return mix(mix(tent, middle, ramp(p.y, -40, -24)), front, ramp(p.y, 14, 30))
    }

    /// The cerebrum with its temporal lobes, the fissure between hemispheres unopened.
    static func cerebrumDepth(_ p: Point, temporalDepth: Float, floorHeight: Float) -> Float {
        // An egg: the forehead is narrower than the parietal bulge.
        var egg = p
        egg.x = p.x * (1 + 0.0011 * max(-30, min(80, p.y + 10)))
        let dome = cerebrum.depth(egg)
        let upper = smoothIntersection(dome, p.z - floorHeight, 8)
        return smoothUnion(upper, temporalDepth, 5)
    }

    struct Outline {
        var cerebrum: Float
        var cerebellum: Float
        var stem: Float
        var cistern: Float
    }

    static func outline(_ place: Point) -> Outline {
        let p = place.folded
        let floorHeight = floor(p)
        let temporalDepth = smoothUnion(temporal.depth(p), hippocampal.depth(p), 4)
        let upper = cerebrumDepth(p, temporalDepth: temporalDepth, floorHeight: floorHeight)
        var lower = smoothUnion(cerebellum.depth(p), vermis.depth(p), 3)
        lower = smoothIntersection(lower, floorHeight - 2.5 - p.z, 4)
        lower = min(lower, -temporalDepth - 2)
        var stem = smoothUnion(
            smoothUnion(medulla.depth(p), pons.depth(p), 4), midbrain.depth(p), 5)
        stem = smoothUnion(stem, peduncle.depth(p), 4)
        // Stripping cuts the cord off level.
        stem = min(stem, p.z + 68)
        return Outline(
            cerebrum: upper, cerebellum: lower, stem: stem,
            cistern: max(cistern.depth(p), rearCistern.depth(p)))
    }

    /// Depth inside the unpaired middle of the brain, which the fissure does not enter:
    /// corpus callosum, thalami and the floor of the third ventricle.
    static func coreDepth(_ p: Point) -> Float {
        let y = (p.y + 3) * (1 / 43)
        let z = (p.z - 4) * (1 / 27)
        let k = (y * y + z * z).squareRoot()
        return (1 - k) * 30
    }

    /// Returns how near a place is to the middle of the head: 1 there, 0 at the surface.
    static func centrality(_ p: Point) -> Float {
        let x = p.x * (1 / 70)
        let y = (p.y + 4) * (1 / 90)
        let z = (p.z - 2) * (1 / 66)
        return clamp01(1 - (x * x + y * y + z * z))
    }
}
