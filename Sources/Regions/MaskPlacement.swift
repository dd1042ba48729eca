internal import Faults
internal import Foundation
internal import VolumeModel

/// Brings a mask to a volume's grid by where both lie in the patient.
///
/// Axes that run the other way or in another order are exact. Any other grid is sampled at the nearest voxel, in both directions, so that
/// no labelled voxel within the volume is lost, however thin.
struct MaskPlacement {
    /// The labels above zero.
    private let labels: Mask
    /// From the volume's voxels to the mask's.
    private let toMask: Affine
    /// From the mask's voxels to the volume's.
    private let toVolume: Affine
    private let target: Shape

    /// Prepares the placement of a mask.
    /// - Returns: nil where one of the two does not say where it lies.
    init?(of labels: Mask, at place: Affine, on target: Shape, at targetPlace: Affine) {
        guard !place.isUnstated, !targetPlace.isUnstated, let inverse = place.inverse, let targetInverse = targetPlace.inverse
        else { return nil }
        self.labels = labels
        self.target = target
        toMask = inverse.after(targetPlace)
        toVolume = targetInverse.after(place)
    }

    /// True where each voxel of the one is a voxel of the other: axes run another way, no more.
    var isExact: Bool {
        let numbers = toMask.rows.flatMap { $0 }
        return numbers.allSatisfy { abs($0 - $0.rounded()) < 0.05 }
            && toMask.rows.allSatisfy { row in row.prefix(3).map { abs($0.rounded()) }.reduce(0, +) == 1 }
    }

    /// The mask on the volume's grid, and which share of its voxels lies beyond.
    /// - Throws: `VolumeError.Code.noRoom`.
    func placed() throws(VolumeError) -> (mask: Mask, outside: Double) {
        let grid = try Shape(columns: target.columns, rows: target.rows, slices: target.slices)
        var bits = try PagedArray<UInt8>(zeros: grid.voxelCount)
        var (all, outside) = (0, 0)
        try bits.withUnsafeMutableBufferPointer { bits in
            labels.bits.withUnsafeBufferPointer { labels in
                let shape = self.labels.shape
                Self.forEachVoxel(of: grid, by: toMask, in: shape) { index, place in
                    if let place, labels[place] != 0 { bits[index] = 1 }
                }
                Self.forEachVoxel(of: shape, by: toVolume, in: grid) { index, place in
                    guard labels[index] != 0 else { return }
                    all += 1
                    if let place { bits[place] = 1 } else { outside += 1 }
                }
            }
        }
        return (try Mask(shape: grid, bits: bits), Double(outside) / Double(max(1, all)))
    }

    /// Hands over every voxel of one grid, and the nearest one of the other; nil where that lies beyond it.
    private static func forEachVoxel(of shape: Shape, by affine: Affine, in other: Shape, _ body: (Int, Int?) -> Void) {
        let rows = affine.rows
        let sides = [other.columns, other.rows, other.slices].map(Double.init)
        var index = 0
        for z in 0..<shape.slices {
            for y in 0..<shape.rows {
                let start = rows.map { $0[1] * Double(y) + $0[2] * Double(z) + $0[3] + 0.5 }
                for x in 0..<shape.columns {
                    let column = (start[0] + rows[0][0] * Double(x)).rounded(.down)
                    let row = (start[1] + rows[1][0] * Double(x)).rounded(.down)
                    let slice = (start[2] + rows[2][0] * Double(x)).rounded(.down)
                    let isInside =
                        column >= 0 && column < sides[0] && row >= 0 && row < sides[1] && slice >= 0 && slice < sides[2]
                    body(index, isInside ? (Int(slice) * other.rows + Int(row)) * other.columns + Int(column) : nil)
                    index += 1
                }
            }
        }
    }
}

extension Affine {
    /// True where it only repeats the voxels' sides: what a file has that does not say where it lies.
    var isUnstated: Bool {
        (0..<3).allSatisfy { row in (0..<4).allSatisfy { $0 == row ? rows[row][$0] > 0 : rows[row][$0] == 0 } }
    }

    /// The way back; nil where there is none.
    var inverse: Affine? {
        let m = rows
        func cofactor(_ i: Int, _ j: Int) -> Double {
            let (a, b) = ((i + 1) % 3, (i + 2) % 3)
            let (c, d) = ((j + 1) % 3, (j + 2) % 3)
            return m[a][c] * m[b][d] - m[a][d] * m[b][c]
        }
        let determinant = (0..<3).reduce(0) { $0 + m[0][$1] * cofactor(0, $1) }
        guard determinant.isFinite, abs(determinant) > 1e-12, m.joined().allSatisfy(\.isFinite) else { return nil }
        let back = (0..<3).map { row in (0..<3).map { cofactor($0, row) / determinant } }
        return Affine(rows: back.map { row in row + [-(0..<3).reduce(0) { $0 + row[$1] * m[$1][3] }] })
    }

    /// This one after another: first `first`, then this.
    func after(_ first: Affine) -> Affine {
        Affine(
            rows: rows.map { row in
                (0..<4).map { column in
                    (0..<3).reduce(column == 3 ? row[3] : 0) { $0 + row[$1] * first.rows[$1][column] }
                }
            })
    }
}
