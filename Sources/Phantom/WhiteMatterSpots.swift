/// The few small bright spots that most adult white matter shows.
struct WhiteMatterSpots {
    private struct Spot {
        let centre: Point
        let radius: Float
        let strength: Float
    }

    private var spots: [Spot] = []

    init(drawing random: inout SeededGenerator) {
        for _ in 0..<9 {
            let centre = Point(
                random.sign() * random.uniform(17, 38), random.uniform(-48, 42),
                random.uniform(14, 36))
            spots.append(
                Spot(
                    centre: centre, radius: random.uniform(1.2, 2.8),
                    strength: random.uniform(0.12, 0.42)))
        }
    }

    /// The relative brightening at a place.
    func brightening(_ p: Point) -> Float {
        var sum: Float = 0
        for spot in spots {
            let dy = p.y - spot.centre.y
            let dz = p.z - spot.centre.z
            let near = dy * dy + dz * dz
            guard near < 16 else { continue }
            let dx = p.x - spot.centre.x
            let distance = (near + dx * dx).squareRoot()
            sum += spot.strength * ramp(distance, spot.radius + 0.9, spot.radius - 0.9)
        }
        return sum
    }
}
