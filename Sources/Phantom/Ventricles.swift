/// The ventricles of the average brain, as depths in mm below their walls.
struct Ventricles {
    private let tubes: [Tube]
    private let third: Ellipsoid
    private let aqueduct: Tube
    private let fourth: Ellipsoid

    init(size: Float) {
        func tube(_ a: Point, _ ra: Float, _ b: Point, _ rb: Float) -> Tube {
            Tube(
                Point(1.35 * a.x, a.y, a.z), ra * size, Point(1.35 * b.x, b.y, b.z), rb * size)
        }
        let horn = Point(11, 31, 9)
        let foramen = Point(7, 13, 14)
        let body = Point(9, -8, 19)
        let rear = Point(17, -27, 18)
        let atrium = Point(27, -40, 7)
        let temporal = Point(34, -20, -13)
        tubes = [
            tube(horn, 4, foramen, 5.6), tube(foramen, 5.6, body, 5.6),
            tube(body, 5.6, rear, 5.2), tube(rear, 5.2, atrium, 6),
            tube(atrium, 5.2, Point(24, -62, 3), 1.6), tube(atrium, 4.8, temporal, 2.2),
            tube(temporal, 2.2, Point(31, 4, -23), 1.8),
        ]
        third = Ellipsoid(Point(0, -3, -4), Point(1.9 * size, 12, 9))
        aqueduct = Tube(Point(0, -16, -12), 1.2, Point(0, -24, -32), 1.2)
        fourth = Ellipsoid(Point(0, -28, -41), Point(7 * size, 5 * size, 9))
    }

    func lateral(_ place: Point) -> Float {
        var p = place.folded
        // In cross-section the bodies are wings that rise outwards, and slim ones.
        let wing = ramp(p.y, -36, -16) * (p.z - 14)
        p.x = 1.35 * p.x - 0.55 * max(-10, min(12, wing))
        var depth: Float = -100
        for tube in tubes {
            depth = smoothUnion(depth, tube.depth(p), 3)
        }
        return depth * 0.8
    }

    func middle(_ place: Point) -> Float {
        let p = place.folded
        return max(third.depth(p), aqueduct.depth(p), fourth.depth(p))
    }
}
