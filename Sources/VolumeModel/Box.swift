public import Faults

/// Boxes that count slices within a time point.
public enum OneTimepoint {}
/// Boxes that count slices through all time points, as they lie in memory one after another: slice s of time point t is t * slices + s.
public enum AllTimepoints {}

/// A box over the slices of one time point, holding for every one of them: a region of interest, a crop, the content of a volume.
public typealias Box = BoxOf<OneTimepoint>
/// A box over the slices of all time points: the extent of a chunk, of a region request, of a piece on the page.
public typealias StackedBox = BoxOf<AllTimepoints>

/// An axis-aligned box of voxel indices, ends exclusive. `Space` says how slices are counted, so that ``Box`` and ``StackedBox`` cannot be mistaken for each other.
public struct BoxOf<Space>: Sendable, Hashable, CustomStringConvertible {
    /// Columns.
    public let x: Range<Int>
    /// Rows.
    public let y: Range<Int>
    /// Slices.
    public let z: Range<Int>

    /// Makes a box.
    /// - Throws: `VolumeError.Code.invalidBox` when a side is empty or begins below zero.
    public init(x: Range<Int>, y: Range<Int>, z: Range<Int>) throws(VolumeError) {
        guard !x.isEmpty, !y.isEmpty, !z.isEmpty, x.lowerBound >= 0, y.lowerBound >= 0, z.lowerBound >= 0 else {
            throw VolumeError(.invalidBox, "a box needs 0 <= start < end on every axis, not \(Self.text(x, y, z))")
        }
        self.init(uncheckedX: x, y: y, z: z)
    }

    public init(uncheckedX x: Range<Int>, y: Range<Int>, z: Range<Int>) {
        self.x = x
        self.y = y
        self.z = z
    }

    /// Reads `x0:x1,y0:y1,z0:z1`.
    /// - Throws: `VolumeError.Code.invalidBox` when the text is of another form or a side is empty.
    public init(parsing text: String) throws(VolumeError) {
        let sides = text.split(separator: ",", omittingEmptySubsequences: false).map { side in
            side.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        }
        guard sides.count == 3, sides.allSatisfy({ $0.count == 2 }), let x0 = sides[0][0], let x1 = sides[0][1],
            let y0 = sides[1][0], let y1 = sides[1][1], let z0 = sides[2][0], let z1 = sides[2][1], x0 < x1, y0 < y1, z0 < z1
        else { throw VolumeError(.invalidBox, "'\(text)' is not a box: write x0:x1,y0:y1,z0:z1, ends exclusive") }
        try self.init(x: x0..<x1, y: y0..<y1, z: z0..<z1)
    }

    /// Slices x rows x columns; `Int.max` where there are more: a box that a peer names need not fit any volume.
    public var voxelCount: Int {
        let (area, isWide) = x.count.multipliedReportingOverflow(by: y.count)
        let (count, isDeep) = area.multipliedReportingOverflow(by: z.count)
        return isWide || isDeep ? .max : count
    }

    /// Tells whether a voxel lies inside.
    public func contains(x px: Int, y py: Int, z pz: Int) -> Bool { x.contains(px) && y.contains(py) && z.contains(pz) }

    /// Tells whether another box lies wholly inside.
    public func contains(_ other: Self) -> Bool { intersection(other) == other }

    /// Returns the box that two boxes share; nil when they share nothing.
    public func intersection(_ other: Self) -> Self? {
        let cx = x.clamped(to: other.x)
        let cy = y.clamped(to: other.y)
        let cz = z.clamped(to: other.z)
        return cx.isEmpty || cy.isEmpty || cz.isEmpty ? nil : Self(uncheckedX: cx, y: cy, z: cz)
    }

    /// The smallest box that holds both.
    public func union(_ other: Self) -> Self {
        func span(_ a: Range<Int>, _ b: Range<Int>) -> Range<Int> {
            min(a.lowerBound, b.lowerBound)..<max(a.upperBound, b.upperBound)
        }
        return Self(uncheckedX: span(x, other.x), y: span(y, other.y), z: span(z, other.z))
    }

    /// This box with `margin` voxels more on every side, as far as `limits` goes.
    public func grown(by margin: Int, within limits: Self) -> Self {
        let margin = min(max(margin, 0), Shape.voxelLimit)
        func grow(_ a: Range<Int>, _ limit: Range<Int>) -> Range<Int> {
            let start = max(limit.lowerBound, a.lowerBound - margin)
            let end = min(limit.upperBound, a.upperBound + margin)
            // A box that lies beyond the limits stays what it is.
            return start < end ? start..<end : a
        }
        return Self(uncheckedX: grow(x, limits.x), y: grow(y, limits.y), z: grow(z, limits.z))
    }

    /// The same box over other slices.
    /// - Throws: `VolumeError.Code.invalidBox` when `z` is empty or begins below zero.
    public func over(slices z: Range<Int>) throws(VolumeError) -> Self { try Self(x: x, y: y, z: z) }

    /// The parts of this box that are left where another is taken out: boxes that do not touch.
    public func subtracting(_ other: Self) -> [Self] {
        guard let hole = intersection(other) else { return [self] }
        let sides: [(Range<Int>, Range<Int>, Range<Int>)] = [
            (x, y, z.lowerBound..<hole.z.lowerBound), (x, y, hole.z.upperBound..<z.upperBound),
            (x, y.lowerBound..<hole.y.lowerBound, hole.z), (x, hole.y.upperBound..<y.upperBound, hole.z),
            (x.lowerBound..<hole.x.lowerBound, hole.y, hole.z), (hole.x.upperBound..<x.upperBound, hole.y, hole.z),
        ]
        return sides.compactMap { x, y, z in x.isEmpty || y.isEmpty || z.isEmpty ? nil : Self(uncheckedX: x, y: y, z: z) }
    }

    public var description: String { Self.text(x, y, z) }

    private static func text(_ x: Range<Int>, _ y: Range<Int>, _ z: Range<Int>) -> String {
        "\(x.lowerBound):\(x.upperBound),\(y.lowerBound):\(y.upperBound),\(z.lowerBound):\(z.upperBound)"
    }
}
