public import Faults

/// Looks at a file without taking its voxels into memory.
extension NIfTIFile {
    /// Reads a file's header. Whether the voxels it announces are there only ``read(_:)`` can tell.
    /// - Throws: `NIfTIError`, naming the file.
    public static func header(of path: String) throws(NIfTIError) -> NIfTIHeader {
        do throws(NIfTIError) {
            let source = try ByteSource(path: path)
            let start = try source.read(upTo: 348)
            let layout = try HeaderLayout(identifying: start)
            guard start.count == 348 else { throw NIfTIError(.truncated, "the file ends within its header") }
            return try NIfTIHeader(bytes: layout.version == 1 ? start : start + source.read(upTo: 540 - 348))
        } catch {
            throw error.naming(path)
        }
    }

    /// Hands over a file's uncompressed bytes piece by piece, whatever they mean: to digest them.
    /// - Parameter limit: the most uncompressed bytes that are read.
    /// - Throws: `NIfTIError`, naming the file; `.tooLarge` beyond the limit.
    public static func forEachPiece(of path: String, limit: Int, _ body: ([UInt8]) -> Void) throws(NIfTIError) {
        do throws(NIfTIError) {
            let source = try ByteSource(path: path)
            var left = limit
            while true {
                let piece = try source.read(upTo: 1 << 20)
                if piece.isEmpty { return }
                left -= piece.count
                guard left >= 0 else { throw NIfTIError(.tooLarge, "more than \(limit) bytes") }
                body(piece)
            }
        } catch {
            throw error.naming(path)
        }
    }
}
