extension Affine {
    /// Says how another affine puts the voxels of one grid elsewhere in the patient; nil when it does not.
    ///
    /// The corners of the grid are compared, where two affines differ most. A tenth of the shortest voxel side is let pass: numbers
    /// are rounded to 32 bits, and turned to quaternions and back, by more than one program.
    public func difference(from other: Affine, over shape: Shape) -> String? {
        var greatest = 0.0
        for corner in 0..<8 {
            let place = [
                corner & 1 == 0 ? -0.5 : Double(shape.columns) - 0.5, corner & 2 == 0 ? -0.5 : Double(shape.rows) - 0.5,
                corner & 4 == 0 ? -0.5 : Double(shape.slices) - 0.5, 1,
            ]
            func point(_ affine: Affine) -> [Double] { affine.rows.map { row in zip(row, place).reduce(0) { $0 + $1.0 * $1.1 } } }
            let distance = zip(point(self), point(other)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
            // What is not a number lies nowhere.
            greatest = distance.isNaN ? .infinity : max(greatest, distance)
        }
        let sides = spacing + other.spacing
        guard greatest > 0.1 * (sides.min() ?? 1) else { return nil }
        let apart = "corners of the grid are up to \(Self.short(greatest)) mm apart"
        if zip(spacing, other.spacing).contains(where: { abs($0 - $1) > 0.01 * max($0, $1) }) {
            return "voxels of \(Self.text(spacing)) and of \(Self.text(other.spacing)) mm; \(apart)"
        }
        if axes != other.axes { return "axes that run to \(axes) and to \(other.axes); \(apart)" }
        // What a turn moves the far end of an axis by.
        let counts = [shape.columns, shape.rows, shape.slices]
        let turned = (0..<3).contains { column in
            let step = (0..<3).reduce(0) { sum, row in
                let difference = rows[row][column] - other.rows[row][column]
                return sum + difference * difference
            }
            return step.squareRoot() * Double(counts[column]) > 0.1 * (sides.min() ?? 1)
        }
        return turned ? "axes that are turned against each other; \(apart)" : "origins apart; \(apart)"
    }

    /// Millimetres between neighbouring voxels along columns, rows and slices.
    public var spacing: [Double] {
        (0..<3).map { column in rows.reduce(0) { $0 + $1[column] * $1[column] }.squareRoot() }
    }

    /// Directions of columns, rows and slices, roughly: R or L, A or P, S or I.
    private var axes: String {
        (0..<3).map { column in
            let row = (0..<3).max { abs(rows[$0][column]) < abs(rows[$1][column]) } ?? 0
            return ["RL", "AP", "SI"][row].map(String.init)[rows[row][column] < 0 ? 1 : 0]
        }.joined()
    }

    private static func short(_ value: Double) -> String {
        guard value.isFinite, value < 1e9 else { return "countless" }
        return "\((value * 100).rounded() / 100)"
    }
    private static func text(_ sides: [Double]) -> String { sides.map(short).joined(separator: "x") }
}
