public import VolumeModel

/// The parts of a mask that hang together.
public struct ConnectedComponents: Sendable {
    /// One part.
    public struct Component: Sendable, Equatable {
        /// Its number, from 1.
        public let label: Int32
        /// Its voxels.
        public let voxelCount: Int
        /// The smallest box that holds it.
        public let box: Box
    }
    /// The parts.
    public let components: [Component]
    private let labels: [Int32]

    /// Finds the parts by flooding each from its first voxel.
    /// - Parameter connectivity: 6 through faces, 18 through edges too, 26 through corners too.
    public static func find(in mask: Mask, connectivity: Int = 26) -> ConnectedComponents {
        let shape = mask.shape
        let reach = connectivity == 6 ? 1 : connectivity == 18 ? 2 : 3
        var labels = [Int32](repeating: 0, count: shape.voxelCount)
        var components: [Component] = []
        var stack: [Int] = []
        for start in 0..<shape.voxelCount where mask.bits[start] != 0 && labels[start] == 0 {
            let label = Int32(components.count + 1)
            labels[start] = label
            stack.append(start)
            var count = 0
            var x = (shape.columns, 0)
            var y = (shape.rows, 0)
            var z = (shape.slices, 0)
            while let index = stack.popLast() {
                count += 1
                let column = index % shape.columns
                let row = index / shape.columns % shape.rows
                let slice = index / shape.sliceVoxelCount
                x = (min(x.0, column), max(x.1, column + 1))
                y = (min(y.0, row), max(y.1, row + 1))
                z = (min(z.0, slice), max(z.1, slice + 1))
                for k in max(0, slice - 1)...min(shape.slices - 1, slice + 1) {
                    for j in max(0, row - 1)...min(shape.rows - 1, row + 1) {
                        for i in max(0, column - 1)...min(shape.columns - 1, column + 1) {
                            let neighbour = (k * shape.rows + j) * shape.columns + i
                            if mask.bits[neighbour] != 0, labels[neighbour] == 0,
                                abs(i - column) + abs(j - row) + abs(k - slice) <= reach
                            {
                                labels[neighbour] = label
                                stack.append(neighbour)
                            }
                        }
                    }
                }
            }
            guard let box = try? Box(x: x.0..<x.1, y: y.0..<y.1, z: z.0..<z.1) else { continue }
            components.append(Component(label: label, voxelCount: count, box: box))
        }
        return ConnectedComponents(components: components, labels: labels)
    }

    /// One byte a voxel: 1 inside one of these parts.
    public func bits(of kept: [Component]) -> [UInt8] {
        var isKept = [UInt8](repeating: 0, count: components.count + 1)
        for component in kept { isKept[Int(component.label)] = 1 }
        return labels.map { isKept[Int($0)] }
    }
}
