/// The positions of voxels in the head.
///
/// The field of view is 240 x 240 x 155 mm whatever the shape, so voxels of other
/// shapes are larger or smaller and the anatomy keeps its proportions.
struct HeadFrame {
    static let extent = Point(240, 240, 155)

    let columns: Int
    let rows: Int
    let slices: Int
    let voxel: Point

    init(_ parameters: PhantomParameters) {
        columns = parameters.columns
        rows = parameters.rows
        slices = parameters.slices
        voxel = Point(
            Self.extent.x / Float(columns), Self.extent.y / Float(rows),
            Self.extent.z / Float(slices))
    }

    @inline(__always)
    func x(column: Int) -> Float { (Float(column) + 0.5) * voxel.x - Self.extent.x / 2 }

    /// Rows run backwards through the head and y forwards.
    @inline(__always)
    func y(row: Int) -> Float { Self.extent.y / 2 - (Float(row) + 0.5) * voxel.y }

    @inline(__always)
    func z(slice: Int) -> Float { (Float(slice) + 0.5) * voxel.z - Self.extent.z / 2 }
}
