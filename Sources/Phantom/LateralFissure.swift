/// The Sylvian fissure and the insula at its bottom.
///
/// Each is a sheet of CSF, given by a signed distance across it and by how far a
/// place lies beyond its edge.
enum LateralFissure {
    struct Sheet {
        var across: Float
        var beyond: Float
    }

    static func sylvian(_ place: Point) -> Sheet {
        let p = place.folded
        let height = -3 - 0.36 * (p.y - 8)
        let inner: Float = 40 - 18 * ramp(p.y, 20, 42)
        return Sheet(
            across: (p.z - height) * 0.94,
            beyond: max(inner - p.x, p.y - 60, -34 - p.y))
    }

    static func insula(_ place: Point) -> Sheet {
        let p = place.folded
        let y = (p.y - 5) * (1 / 23)
        let z = (p.z - 3) * (1 / 13)
        let k = (y * y + z * z).squareRoot()
        // The insula bulges sideways at its middle.
        let bulge = 36 + 3.5 * (1 - y * y)
        return Sheet(across: p.x - bulge, beyond: (k - 1) * 14)
    }
}
