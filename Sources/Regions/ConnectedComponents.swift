package import VolumeModel

/// The parts of a mask that hang together.
///
/// Rows are cut into runs, and runs that touch are joined (union-find), so that memory grows with the mask's runs and not with the volume.
package struct ConnectedComponents: Sendable {
    /// One part.
    package struct Component: Sendable, Equatable {
        /// Its number, from 1, in the order of the parts' first voxels.
        package let label: Int32
        /// Its voxels.
        package let voxelCount: Int
        /// The smallest box that holds it.
        package let box: Box
    }
    /// The parts.
    package let components: [Component]
    private let runs: [Run]
    /// For each run, the label of its part.
    private let labels: [Int32]
    private let shape: Shape

    /// Voxels of the mask side by side in one row.
    private struct Run: Sendable {
        /// Its row, counted through all slices.
        let row: Int
        let columns: Range<Int>
    }

    /// Finds the parts.
    /// - Parameter connectivity: 6 through faces, 18 through edges too, 26 through corners too.
    package static func find(in mask: Mask, connectivity: Int = 26) -> ConnectedComponents {
        let (runs, firstRuns) = runs(of: mask)
        var union = Union(count: runs.count)
        let reach = connectivity == 6 ? 1 : connectivity == 18 ? 2 : 3
        // The rows before one that touch it; what is left of the reach is how far columns may lie apart.
        for (rows, slices) in [(1, 0), (-1, 1), (0, 1), (1, 1)] where abs(rows) + slices <= reach {
            let slack = min(1, reach - abs(rows) - slices)
            for row in 0..<mask.shape.rows * mask.shape.slices {
                let neighbour = row % mask.shape.rows - rows
                guard (0..<mask.shape.rows).contains(neighbour), row / mask.shape.rows >= slices else { continue }
                let other = (row / mask.shape.rows - slices) * mask.shape.rows + neighbour
                join(runs, firstRuns[row]..<firstRuns[row + 1], firstRuns[other]..<firstRuns[other + 1], slack, &union)
            }
        }
        return ConnectedComponents(runs, &union, mask.shape)
    }

    private static func runs(of mask: Mask) -> (runs: [Run], firstRuns: [Int]) {
        let shape = mask.shape
        var runs: [Run] = []
        var firstRuns = [0]
        firstRuns.reserveCapacity(shape.rows * shape.slices + 1)
        mask.bits.withUnsafeBufferPointer { bits in
            for row in 0..<shape.rows * shape.slices {
                let line = UnsafeBufferPointer(rebasing: bits[row * shape.columns..<(row + 1) * shape.columns])
                var column = 0
                while column < line.count {
                    guard line[column] != 0 else {
                        column += 1
                        continue
                    }
                    let start = column
                    while column < line.count, line[column] != 0 { column += 1 }
                    runs.append(Run(row: row, columns: start..<column))
                }
                firstRuns.append(runs.count)
            }
        }
        return (runs, firstRuns)
    }

    /// Joins the runs of two rows that lie no more than `slack` columns past each other.
    private static func join(_ runs: [Run], _ row: Range<Int>, _ other: Range<Int>, _ slack: Int, _ union: inout Union) {
        var (a, b) = (row.lowerBound, other.lowerBound)
        while a < row.upperBound, b < other.upperBound {
            let (x, y) = (runs[a].columns, runs[b].columns)
            if x.lowerBound < y.upperBound + slack, y.lowerBound < x.upperBound + slack { union.join(a, b) }
            if x.upperBound < y.upperBound { a += 1 } else { b += 1 }
        }
    }

    private init(_ runs: [Run], _ union: inout Union, _ shape: Shape) {
        var labelOfRoot: [Int: Int32] = [:]
        var labels: [Int32] = []
        labels.reserveCapacity(runs.count)
        var parts: [(count: Int, box: Box)] = []
        for (index, run) in runs.enumerated() {
            let (y, z) = (run.row % shape.rows, run.row / shape.rows)
            let box = Box(uncheckedX: run.columns, y: y..<y + 1, z: z..<z + 1)
            let root = union.root(of: index)
            if let label = labelOfRoot[root] {
                parts[Int(label) - 1].count += run.columns.count
                parts[Int(label) - 1].box = parts[Int(label) - 1].box.union(box)
                labels.append(label)
            } else {
                parts.append((run.columns.count, box))
                labelOfRoot[root] = Int32(parts.count)
                labels.append(Int32(parts.count))
            }
        }
        self.runs = runs
        self.labels = labels
        self.shape = shape
        components = parts.enumerated().map { Component(label: Int32($0 + 1), voxelCount: $1.count, box: $1.box) }
    }

    /// One byte a voxel: 1 inside one of these parts.
    /// - Throws: `VolumeError.Code.noRoom`.
    package func bits(of kept: [Component]) throws(VolumeError) -> PagedArray<UInt8> {
        let isKept = Set(kept.map(\.label))
        var bits = try PagedArray<UInt8>(zeros: shape.voxelCount)
        try bits.withUnsafeMutableBufferPointer { bits in
            for (run, label) in zip(runs, labels) where isKept.contains(label) {
                for column in run.columns { bits[run.row * shape.columns + column] = 1 }
            }
        }
        return bits
    }
}

/// Which things belong together, as pairs of them are joined.
private struct Union {
    private var parents: [Int32]

    init(count: Int) { parents = (0..<Int32(count)).map { $0 } }

    mutating func root(of index: Int) -> Int {
        var index = index
        while Int(parents[index]) != index {
            parents[index] = parents[Int(parents[index])]
            index = Int(parents[index])
        }
        return index
    }

    /// The lower one of two roots stays, so that a part is known by its first run.
    mutating func join(_ a: Int, _ b: Int) {
        let (a, b) = (root(of: a), root(of: b))
        parents[max(a, b)] = Int32(min(a, b))
    }
}
