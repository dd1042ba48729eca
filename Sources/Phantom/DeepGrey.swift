/// The deep nuclei, as a change of signal relative to white matter.
enum DeepGrey {
    private struct Nucleus {
        let shape: Ellipsoid
        let contrast: Float

        init(_ centre: Point, _ semi: Point, _ contrast: Float) {
            shape = Ellipsoid(centre, semi)
            self.contrast = contrast
        }
    }

    private static let nuclei = [
        Nucleus(Point(16, 20, 8), Point(5.5, 10, 9), 0.24),
        Nucleus(Point(19, -2, 19), Point(3.5, 16, 4), 0.2),
        Nucleus(Point(28, 5, 2), Point(5.5, 17, 11), 0.17),
        // Iron makes the pallidum darker than the capsule beside it.
        Nucleus(Point(20, 1, 0), Point(4.5, 9, 7), -0.1),
        Nucleus(Point(11, -14, 5), Point(9, 14, 10), 0.19),
        Nucleus(Point(26, 6, -22), Point(9, 9, 8), 0.2),
        Nucleus(Point(30, -14, -20), Point(6, 20, 5), 0.2),
        Nucleus(Point(5, -10, -22), Point(3, 3, 4), -0.08),
    ]

    static func contrast(_ place: Point) -> Float {
        let p = place.folded
        var sum: Float = 0
        for nucleus in nuclei {
            sum += nucleus.contrast * ramp(nucleus.shape.depth(p), -1.2, 1.2)
        }
        return sum
    }
}
