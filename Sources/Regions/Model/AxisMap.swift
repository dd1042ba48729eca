internal import VolumeModel

/// Mapping of a volume's axes to a model's: slices, rows and columns along the patient's own directions, by exchanging and flipping axes,
/// never by interpolation.
struct AxisMap: Equatable {
    /// For slices, rows and columns of the model: 0 where they run along the volume's columns, 1 along its rows, 2 along its slices.
    let source: [Int]
    /// True where they run the other way.
    let isFlipped: [Bool]
    /// Voxels along each.
    let counts: [Int]
    /// Millimetres between voxels along each; 1 where the volume does not say.
    let spacing: [Double]

    /// Finds the exchange that comes nearest to right, anterior and superior.
    init(of volume: Volume, axis: ModelDescription.Axis) {
        let matrix = volume.affine.rows
        let lengths = (0..<3).map { column in
            let length = (0..<3).reduce(0) { $0 + matrix[$1][column] * matrix[$1][column] }.squareRoot()
            return length.isFinite && length > 0 ? length : 0
        }
        // World axes (0 right, 1 anterior, 2 superior) of the model's slices, rows and columns.
        let world =
            switch axis {
            case .axial: [2, 1, 0]
            case .coronal: [1, 2, 0]
            case .sagittal: [0, 2, 1]
            }
        func cosine(_ world: Int, _ column: Int) -> Double {
            lengths[column] > 0 ? matrix[world][column] / lengths[column] : (world == column ? 1 : 0)
        }
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        func fit(_ order: [Int]) -> Double { (0..<3).reduce(0) { $0 + abs(cosine($1, order[$1])) } }
        // order[w] is the volume's axis along world axis w.
        let order = orders.max { fit($0) < fit($1) } ?? orders[0]
        let sides = [volume.shape.columns, volume.shape.rows, volume.shape.slices]
        source = world.map { order[$0] }
        isFlipped = world.map { cosine($0, order[$0]) < 0 }
        counts = source.map { sides[$0] }
        spacing = source.map { lengths[$0] > 0 ? lengths[$0] : 1 }
    }

    /// The model's index along an axis for each index of the volume's along it.
    func targets(along axis: Int) -> [Int] {
        let count = counts[axis]
        return isFlipped[axis] ? (0..<count).map { count - 1 - $0 } : Array(0..<count)
    }
}
