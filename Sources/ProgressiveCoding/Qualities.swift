internal import VolumeModel

/// The quality of every voxel of a volume, none above a limit.
package struct Qualities: RandomAccessCollection, Equatable, Sendable {
    /// The qualities before the limit.
    let levels: PagedArray<UInt8>
    /// A ``Quality``: `exact` limits nothing.
    let limit: UInt8

    package var startIndex: Int { 0 }
    package var endIndex: Int { levels.count }
    package subscript(index: Int) -> UInt8 { Swift.min(levels[index], limit) }

    /// Equal are qualities that read the same, whatever limits them.
    package static func == (one: Self, other: Self) -> Bool { one.elementsEqual(other) }

    /// The qualities of a range, copied.
    package func values(_ range: Range<Int>) -> [UInt8] {
        let values = levels.values(range)
        return limit == Quality.exact ? values : values.map { Swift.min($0, limit) }
    }

    /// All of them; a copy only where something is limited.
    /// - Throws: `VolumeError.Code.noRoom`.
    func array() throws(VolumeError) -> PagedArray<UInt8> {
        guard limit != Quality.exact else { return levels }
        var limited = levels
        try limited.withUnsafeMutableBufferPointer { levels in
            for index in levels.indices { levels[index] = Swift.min(levels[index], limit) }
        }
        return limited
    }
}
