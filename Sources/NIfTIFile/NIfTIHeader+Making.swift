public import Faults
public import VolumeModel

extension NIfTIHeader {
    /// A NIfTI-1 header for a new volume, its affine as sform ("scanner anatomical").
    /// - Throws: `NIfTIError.Code.unsupported` when a side is beyond NIfTI-1's 32767.
    public static func make(shape: Shape, voxelType: VoxelType, affine: Affine, description: String) throws(NIfTIError)
        -> NIfTIHeader
    {
        var writer = HeaderWriter(bytes: [UInt8](repeating: 0, count: 348), isByteSwapped: false)
        let sides = [shape.columns, shape.rows, shape.slices, shape.timepoints]
        guard sides.allSatisfy({ $0 <= Int(Int16.max) }) else {
            throw NIfTIError(.unsupported, "\(shape) does not fit into a NIfTI-1 header")
        }
        writer.put(Int32(348), at: 0)
        writer.put(Int16(shape.timepoints > 1 ? 4 : 3), at: 40)
        for (index, side) in (sides + [1, 1, 1]).enumerated() { writer.put(Int16(side), at: 42 + 2 * index) }
        writer.put(NIfTIDatatype.code(voxelType), at: 70)
        writer.put(Int16(voxelType.byteCount * 8), at: 72)
        let spacing = (0..<3).map { column in
            affine.rows.reduce(0.0) { $0 + $1[column] * $1[column] }.squareRoot()
        }
        for (index, side) in ([1] + spacing + [1, 1, 1, 1]).enumerated() { writer.put(Float(side).bitPattern, at: 76 + 4 * index) }
        writer.put(Float(352).bitPattern, at: 108)
        writer.put(Float(1).bitPattern, at: 112)
        // Millimetres and seconds.
        writer.bytes[123] = 2 | 8
        writer.put(description: description, at: 148)
        writer.put(Int16(1), at: 254)
        for row in 0..<3 {
            for column in 0..<4 { writer.put(Float(affine.rows[row][column]).bitPattern, at: 280 + 16 * row + 4 * column) }
        }
        writer.put(text: "n+1", at: 344, limit: 4)
        return try NIfTIHeader(bytes: writer.bytes)
    }

    /// The header of a companion volume of the same geometry: one unsigned byte a voxel, unscaled, no extensions.
    /// - Parameter isOverTime: false makes one of the first time point alone.
    public func companion(description: String, maxValue: UInt8, isOverTime: Bool = true) throws(NIfTIError) -> NIfTIHeader {
        let layout = HeaderLayout(version: version, isByteSwapped: isByteSwapped)
        var writer = HeaderWriter(bytes: bytes, isByteSwapped: isByteSwapped)
        writer.put(NIfTIDatatype.code(.uint8), at: layout.datatypeOffset)
        writer.put(Int16(8), at: layout.bitpixOffset)
        for index in isOverTime ? 0..<0 : 4..<8 {
            if version == 1 {
                writer.put(Int16(1), at: layout.dimOffset + 2 * index)
            } else {
                writer.put(Int64(1), at: layout.dimOffset + 8 * index)
            }
        }
        if version == 1 {
            writer.put(Float(layout.minVoxelOffset).bitPattern, at: layout.voxelOffsetOffset)
            writer.put(Float(1).bitPattern, at: layout.slopeOffset)
            writer.put(Float(0).bitPattern, at: layout.slopeOffset + 4)
            writer.put(Float(maxValue).bitPattern, at: layout.calMaxOffset)
            writer.put(Float(0).bitPattern, at: layout.calMaxOffset + 4)
        } else {
            writer.put(Int64(layout.minVoxelOffset), at: layout.voxelOffsetOffset)
            writer.put(Double(1).bitPattern, at: layout.slopeOffset)
            writer.put(Double(0).bitPattern, at: layout.slopeOffset + 8)
            writer.put(Double(maxValue).bitPattern, at: layout.calMaxOffset)
            writer.put(Double(0).bitPattern, at: layout.calMaxOffset + 8)
        }
        writer.put(description: description, at: layout.descriptionOffset)
        // Whatever the original's says: the companion's voxels are in its own file.
        writer.put(text: "n+\(version)", at: layout.magicOffset, limit: 4)
        return try NIfTIHeader(bytes: writer.bytes)
    }

    /// Text with which a preview's `descrip` begins.
    public static let previewRemark = "PREVIEW, not for diagnosis"

    /// The same header, its `descrip` beginning with ``previewRemark``; what no longer fits into its 79 bytes is cut.
    public func asPreview() throws(NIfTIError) -> NIfTIHeader {
        let layout = HeaderLayout(version: version, isByteSwapped: isByteSwapped)
        let field = bytes[layout.descriptionOffset..<layout.descriptionOffset + 80].prefix { $0 != 0 }
        let found = String(decoding: field, as: UTF8.self)
        guard !found.hasPrefix(Self.previewRemark) else { return self }
        var writer = HeaderWriter(bytes: bytes, isByteSwapped: isByteSwapped)
        writer.put(
            description: found.isEmpty ? Self.previewRemark : "\(Self.previewRemark); \(found)", at: layout.descriptionOffset)
        return try NIfTIHeader(bytes: writer.bytes)
    }
}

private struct HeaderWriter {
    var bytes: [UInt8]
    let isByteSwapped: Bool

    mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        let stored = isByteSwapped ? value.byteSwapped : value
        withUnsafeBytes(of: stored) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
    }
    /// Fills `descrip`, 80 bytes of which the last is zero; characters that no longer fit are left out whole.
    mutating func put(description: String, at offset: Int) {
        var text = ""
        for character in description {
            guard text.utf8.count + character.utf8.count <= 79 else { break }
            text.append(character)
        }
        put(text: text, at: offset, limit: 80)
    }
    mutating func put(text: String, at offset: Int, limit: Int) {
        let field = Array(text.utf8.prefix(limit))
        let padded = field + [UInt8](repeating: 0, count: limit - field.count)
        bytes.replaceSubrange(offset..<offset + limit, with: padded)
    }
}
