/// A chunk's voxels and their prediction errors with a rim, so that every voxel has all its neighbours: three columns at both ends, two rows
/// before and behind, two slices before.
struct PaddedPlanes: ~Copyable {
    let columns: Int
    let rows: Int
    let slices: Int
    /// Voxels from a row to the next.
    let stride: Int
    /// Voxels from a slice to the next.
    let plane: Int
    /// Values, moved so that they fit 16 bits with a sign.
    let values: UnsafeMutablePointer<Int16>
    /// Absolute errors of prediction, in fractions of a code.
    let errors: UnsafeMutablePointer<Int16>
    private static let rimLength = 3

    /// - Parameter rim: the value of what lies beyond.
    init(columns: Int, rows: Int, slices: Int, rim: Int16) {
        self.columns = columns
        self.rows = rows
        self.slices = slices
        stride = columns + 2 * Self.rimLength
        plane = stride * (rows + 4)
        let count = plane * (slices + 2) + 2 * stride
        values = .allocate(capacity: count)
        values.initialize(repeating: rim, count: count)
        errors = .allocate(capacity: count)
        errors.initialize(repeating: 0, count: count)
    }

    deinit {
        values.deallocate()
        errors.deallocate()
    }

    /// The place of a row's first voxel.
    @inline(__always)
    func start(_ slice: Int, _ row: Int) -> Int { (slice + 2) * plane + (row + 2) * stride + Self.rimLength }

    /// Lets a first slice stand for the one before it: the second has two slices before it then, as all others have.
    func repeatFirstSlice() {
        for memory in [values, errors] {
            memory.advanced(by: plane).update(from: memory.advanced(by: 2 * plane), count: plane)
        }
    }

    /// Returns a stand-in for a voxel that takes no part: about what is around it, so that the edge of a body is no edge to its predictions.
    @inline(__always)
    static func standIn(_ memory: UnsafeMutablePointer<Int16>, at place: Int, stride: Int, plane: Int, isFirstSlice: Bool) -> Int16
    {
        let west = Int32(memory[place - 1])
        let north = Int32(memory[place - stride])
        return isFirstSlice
            ? Int16(truncatingIfNeeded: (west + north) >> 1)
            : Int16(truncatingIfNeeded: (west + north + 2 * Int32(memory[place - plane])) >> 2)
    }
}
