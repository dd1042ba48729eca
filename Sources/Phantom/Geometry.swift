/// A place in the head in mm: x to the patient's left, y forwards, z upwards.
struct Point {
    var x: Float
    var y: Float
    var z: Float

    @inline(__always)
    init(_ x: Float, _ y: Float, _ z: Float) {
        self.x = x
        self.y = y
        self.z = z
    }

    /// The same place with both hemispheres folded onto the left one.
    @inline(__always)
    var folded: Point { Point(abs(x), y, z) }
}

@inline(__always)
func mix(_ a: Float, _ b: Float, _ t: Float) -> Float { a + (b - a) * t }

@inline(__always)
func clamp01(_ t: Float) -> Float { t < 0 ? 0 : (t > 1 ? 1 : t) }

/// 0 below `low`, 1 above `high`, smooth between.
@inline(__always)
func ramp(_ value: Float, _ low: Float, _ high: Float) -> Float {
    let t = clamp01((value - low) / (high - low))
    return t * t * (3 - 2 * t)
}

/// The larger of two depths, with the crease between them rounded over `radius` mm.
@inline(__always)
func smoothUnion(_ a: Float, _ b: Float, _ radius: Float) -> Float {
    let h = max(0, radius - abs(a - b))
    return max(a, b) + h * h / (4 * radius)
}

/// The smaller of two depths, with the edge between them rounded over `radius` mm.
@inline(__always)
func smoothIntersection(_ a: Float, _ b: Float, _ radius: Float) -> Float {
    -smoothUnion(-a, -b, radius)
}

/// An ellipsoid with its axes along the head's.
struct Ellipsoid {
    let centre: Point
    let inverse: Point
    /// 0 for a true ellipsoid; up to 1 for a boxier one of the same axes.
    let boxiness: Float

    init(_ centre: Point, _ semi: Point, boxiness: Float = 0) {
        self.boxiness = boxiness
        self.centre = centre
        inverse = Point(1 / semi.x, 1 / semi.y, 1 / semi.z)
    }

    /// Depth below the surface in mm to first order; negative outside.
    @inline(__always)
    func depth(_ p: Point) -> Float {
        let ax = (p.x - centre.x) * inverse.x
        let ay = (p.y - centre.y) * inverse.y
        let az = (p.z - centre.z) * inverse.z
        let sx = ax * ax
        let sy = ay * ay
        let sz = az * az
        let k0 = (sx + sy + sz).squareRoot()
        let bx = ax * inverse.x
        let by = ay * inverse.y
        let bz = az * inverse.z
        let k1 = (bx * bx + by * by + bz * bz).squareRoot()
        let box = (sx * sx + sy * sy + sz * sz).squareRoot().squareRoot()
        let level = k0 + (box - k0) * boxiness
        // The first-order form is 0 / 0 at the centre, where it tends to k0 / k1.
        return k1 > 1e-5 ? k0 * (1 - level) / k1 : 1 / max(inverse.x, inverse.y, inverse.z)
    }
}

/// A straight piece of tube whose radius changes along it.
struct Tube {
    let a: Point
    let d: Point
    let inverseLengthSquared: Float
    let radiusA: Float
    let radiusB: Float

    init(_ a: Point, _ radiusA: Float, _ b: Point, _ radiusB: Float) {
        self.a = a
        d = Point(b.x - a.x, b.y - a.y, b.z - a.z)
        inverseLengthSquared = 1 / (d.x * d.x + d.y * d.y + d.z * d.z)
        self.radiusA = radiusA
        self.radiusB = radiusB
    }

    /// Depth below the wall in mm; negative outside.
    @inline(__always)
    func depth(_ p: Point) -> Float {
        let x = p.x - a.x
        let y = p.y - a.y
        let z = p.z - a.z
        let t = clamp01((x * d.x + y * d.y + z * d.z) * inverseLengthSquared)
        let ex = x - d.x * t
        let ey = y - d.y * t
        let ez = z - d.z * t
        return mix(radiusA, radiusB, t) - (ex * ex + ey * ey + ez * ez).squareRoot()
    }
}
