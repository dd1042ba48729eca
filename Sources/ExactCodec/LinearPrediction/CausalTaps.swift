/// The voxels a prediction is made of: neighbours that were coded before, in two rows before and two slices before.
enum CausalTaps {
    /// Taps in the voxel's own row, nearest first.
    static let serialCount = 3
    /// Taps in the voxel's own slice, the serial ones first: all there is in a first slice.
    static let planarCount = 11
    /// All taps.
    static let count = 29

    /// Slices, rows and columns from the voxel to each tap; the order is that of the weights in a chunk's header.
    private static let steps: [(z: Int, y: Int, x: Int)] = [
        (0, 0, -1), (0, 0, -2), (0, 0, -3),
        (0, -1, 0), (0, -1, -1), (0, -1, 1), (0, -1, -2), (0, -1, 2), (0, -2, 0), (0, -2, -1), (0, -2, 1),
        (-1, 0, 0), (-1, 0, -1), (-1, 0, 1), (-1, -1, 0), (-1, 1, 0), (-1, -1, -1), (-1, -1, 1), (-1, 1, -1), (-1, 1, 1),
        (-1, 0, -2), (-1, 0, 2), (-1, -2, 0), (-1, 2, 0),
        (-2, 0, 0), (-2, 0, -1), (-2, 0, 1), (-2, -1, 0), (-2, 1, 0),
    ]
    /// Neighbours whose errors tell how large the next one may be: the serial ones first, then those of the same slice.
    static let errorSteps: [(z: Int, y: Int, x: Int)] = [
        (0, 0, -1), (0, 0, -2),
        (0, -1, 0), (0, -1, -1), (0, -1, 1), (0, -2, 0),
        (-1, 0, 0), (-1, 0, -1), (-1, 0, 1), (-1, -1, 0), (-1, 1, 0), (-2, 0, 0),
    ]
    /// Errors in the voxel's own row.
    static let serialErrorCount = 2
    /// Errors in the voxel's own slice.
    static let planarErrorCount = 6
    /// All errors.
    static let errorCount = 12

    /// Places relative to a voxel's, in planes of these strides.
    static func offsets(row: Int, plane: Int) -> [Int] { steps.map { $0.z * plane + $0.y * row + $0.x } }
    /// The same for errors.
    static func errorOffsets(row: Int, plane: Int) -> [Int] { errorSteps.map { $0.z * plane + $0.y * row + $0.x } }
}
