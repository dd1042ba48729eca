internal import DecoderHost
internal import Bytes
internal import Faults
internal import Files
internal import Foundation
package import NIfTIFile
internal import ProgressiveCoding
package import WireFormat

extension FoveaFile {
    /// A file's contents, its manifest understood. Records are read when they are asked for.
    package struct Contents: Sendable {
        /// The manifest of what the session would send.
        package let manifest: Manifest
        /// The chunks that are whole, in the file's order, the manifest's first, and where their records are.
        package let chunks: [(ordinal: UInt32, bytes: Range<Int>)]
        /// True when the file ends within a chunk.
        package let isCutOff: Bool
        private let file: PlainFile

        /// Opens a file.
        /// - Throws: `FormatError`, or `FileError` when it cannot be read or is no plain file.
        init(_ path: String) throws {
            let opened: PlainFile
            do throws(FileError) { opened = try PlainFile(path) } catch { throw error.naming(path) }
            file = opened
            do {
                let places = try FoveaContainer.places(byteCount: opened.byteCount) { range throws(FormatError) in
                    try Self.bytes(range, of: opened)
                }
                guard let first = places.records.first, first.ordinal == 0 else {
                    throw FormatError(places.isCutOff ? .truncated : .invalidField, "the first chunk is no manifest")
                }
                manifest = try Manifest(decoding: ChunkRecord(decoding: Self.bytes(first.bytes, of: file)).payload)
                (chunks, isCutOff) = (places.records, places.isCutOff)
            } catch let error as FormatError {
                throw error.naming(path)
            }
        }

        /// Reads a record.
        /// - Throws: `FormatError.Code.truncated` when the file has become shorter.
        func record(_ bytes: Range<Int>) throws(FormatError) -> [UInt8] { try Self.bytes(bytes, of: file) }

        private static func bytes(_ range: Range<Int>, of file: PlainFile) throws(FormatError) -> [UInt8] {
            do throws(FileError) { return try file.read(range) } catch { throw FormatError(.truncated, error.message) }
        }
    }

    /// A volume read from a file.
    package struct Decoded: Sendable {
        /// Its name.
        package let name: Name
        /// The volume as far as the layers go.
        package let image: NIfTIImage
        /// The state of the volume, and its digest.
        package let outcome: Receipt.Volume
        /// Number of the chunks asked for that the file lacks; its table counts as one.
        package let missingChunkCount: Int

        /// Returns the path it is written to: what lacks chunks says so by its name, as a receiver's files do, unless it has the source's
        /// digest all the same.
        package func path(askedFor path: String) -> String {
            guard missingChunkCount > 0, outcome.state != .lossless else { return path }
            let ending = [".nii.gz", ".nii"].first { path.lowercased().hasSuffix($0) } ?? ""
            return "\(path.dropLast(ending.count)).\(outcome.state.name)\(path.suffix(ending.count))"
        }
    }

    /// Reads the manifest and finds the records.
    /// - Throws: `FormatError`, or `FileError` when the file cannot be read or is no plain file.
    package static func open(_ path: String) throws -> Contents { try Contents(path) }

    /// Decodes a file, its chunks in processes that can do nothing else. What the file lacks is missing in the volumes.
    /// - Parameter onProgress: how many of how many chunks are decoded.
    /// - Throws: `FormatError`, `CodingError`, or `NIfTIError`, naming the file.
    package static func decode(
        _ path: String, layers: Layers, decoderPath: String = DecoderProgram.path,
        onProgress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> [Decoded] {
        let contents = try open(path)
        let manifest = contents.manifest
        let workers = ConfinedDecoder(floor: DecodingFloor(executable: decoderPath))
        defer { workers.close() }
        let decoder = try SessionDecoder(manifest, decoder: workers, memoryLimit: memoryLimit, diskLimit: diskLimit)
        workers.allow(voxels: decoder.voxelCount)
        let records = Dictionary(contents.chunks.map { ($0.ordinal, $0.bytes) }) { first, _ in first }
        let wanted = manifest.plan.enumerated().filter { _, planned in
            layers.contains(planned.chunk.layer, maxError: manifest.volumes[planned.volume].maxError)
        }.map { UInt32($0.offset + 1) }
        do {
            try await apply(wanted.filter { records[$0] != nil }, to: decoder, onProgress: onProgress) { ordinal in
                try records[ordinal].map(contents.record) ?? []
            }
            var missing = wanted.filter { records[$0] == nil }.map { manifest.plan[Int($0) - 1].volume }
            var table: ChunkTable?
            if layers == .all {
                table = try records[manifest.tableOrdinal].map { place in
                    try ChunkTable(decoding: ChunkRecord(decoding: contents.record(place)).payload)
                }
                if table == nil { missing += manifest.volumes.indices }
            }
            // What lacks chunks cannot be what the table says; its own chunks are checked all the same.
            if let table { try await decoder.check(table, manifest: records[0].map(contents.record), isWhole: missing.isEmpty) }
            var decoded: [Decoded] = []
            for index in manifest.volumes.indices {
                let outcome = try await decoder.outcome(volume: index)
                let missingCount = missing.count { $0 == index }
                if let table, missingCount == 0, table.outcomes[index] != outcome {
                    throw CodingError(
                        .verificationFailed, "'\(manifest.volumes[index].name)' does not have the digest it must have")
                }
                decoded.append(
                    Decoded(
                        name: manifest.volumes[index].name, image: try await decoder.snapshot(volume: index).image(),
                        outcome: outcome,
                        missingChunkCount: missingCount))
            }
            return decoded
        } catch let error as CodingError {
            throw error.naming(path)
        } catch let error as FormatError {
            throw error.naming(path)
        }
    }

    /// The chunks whose records are in memory at a time.
    private static let concurrency = 8 + 4 * ProcessInfo.processInfo.activeProcessorCount

    /// Applies the chunks that rest on no other that is not there.
    /// - Parameter record: reads a chunk's record.
    private static func apply(
        _ ordinals: [UInt32], to decoder: SessionDecoder, onProgress: @Sendable (Int, Int) -> Void,
        record: @escaping @Sendable (UInt32) throws -> [UInt8]
    ) async throws {
        // In the plan's order every chunk comes after those it rests on.
        var usable: Set<UInt32> = []
        let ordered = ordinals.filter { ordinal in
            decoder.prerequisites(of: ordinal).allSatisfy(usable.contains) && usable.insert(ordinal).inserted
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var done = 0
            for (index, ordinal) in ordered.enumerated() {
                if index >= concurrency {
                    try await group.next()
                    done += 1
                    onProgress(done, ordered.count)
                }
                group.addTask {
                    do {
                        try await decoder.apply(ordinal, record: try record(ordinal)) { _ in }
                    } catch {
                        await decoder.cancel(error)
                        throw error
                    }
                }
            }
            for try await _ in group {
                done += 1
                onProgress(done, ordered.count)
            }
        }
    }
}
