internal import Confinement
internal import Glibc
public import NIfTIFile
internal import ProgressiveCoding
public import WireFormat

extension FoveaFile {
    /// What a file holds, its manifest understood.
    public struct Contents: Sendable {
        /// What the session would send.
        public let manifest: Manifest
        /// The chunks that are whole, in the file's order, the manifest's first.
        public let chunks: [(ordinal: UInt32, record: [UInt8])]
        /// Whether the file ends within a chunk.
        public let isCutOff: Bool
    }

    /// A volume read from a file.
    public struct Decoded: Sendable {
        /// Its name.
        public let name: Name
        /// The volume as far as the layers go.
        public let image: NIfTIImage
        /// What it is, and its digest.
        public let outcome: Receipt.Volume
        /// How many of the chunks asked for the file lacks; its table counts as one.
        public let missingChunkCount: Int

        /// Where it is written: what lacks chunks says so by its name, as a receiver's files do, unless it has the source's digest all the same.
        public func path(askedFor path: String) -> String {
            guard missingChunkCount > 0, outcome.state != .lossless else { return path }
            let ending = [".nii.gz", ".nii"].first { path.lowercased().hasSuffix($0) } ?? ""
            return "\(path.dropLast(ending.count)).\(outcome.state.name)\(path.suffix(ending.count))"
        }
    }

    /// Reads the manifest and the records.
    /// - Throws: `WireError`, or `NIfTIError` when the file cannot be read or is no plain file.
    public static func open(_ path: String) throws -> Contents {
        let bytes = try read(path)
        do throws(WireError) {
            let contents = try FoveaContainer.contents(of: bytes)
            guard let first = contents.chunks.first, first.ordinal == 0 else {
                throw WireError(contents.isCutOff ? .truncated : .invalidField, "the first chunk is no manifest")
            }
            let manifest = try Manifest(decoding: ChunkRecord(decoding: first.record).payload)
            return Contents(manifest: manifest, chunks: contents.chunks, isCutOff: contents.isCutOff)
        } catch {
            throw WireError(error.code, "\(path): \(error.message)")
        }
    }

    /// A plain file's bytes. A pipe or a device in its place might never end.
    private static func read(_ path: String) throws(NIfTIError) -> [UInt8] {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw NIfTIError(.notFound, "\(path): no such file, or not readable") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw NIfTIError(.unreadable, "\(path): not a plain file")
        }
        let byteCount = Int(status.st_size)
        guard byteCount <= byteLimit else {
            throw NIfTIError(.tooLarge, "\(path): \(byteCount) bytes, above the limit of \(byteLimit)")
        }
        let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, filled in
            while filled < byteCount {
                let count = Glibc.read(descriptor, buffer.baseAddress.map { $0 + filled }, byteCount - filled)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                filled += count
            }
        }
        guard bytes.count == byteCount else { throw NIfTIError(.unreadable, "\(path): it became shorter while it was read") }
        return bytes
    }

    /// Decodes a file, its chunks in processes that can do nothing else. What the file lacks is missing in the volumes.
    /// - Parameter onProgress: how many of how many chunks are decoded.
    /// - Throws: `WireError`, `CodingError`, or `NIfTIError`, naming the file.
    public static func decode(
        _ path: String, layers: Layers, workerExecutable: String = "/proc/self/exe",
        onProgress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> [Decoded] {
        let contents = try open(path)
        let manifest = contents.manifest
        let workers = ConfinedDecoder(floor: DecodingFloor(executable: workerExecutable))
        defer { workers.close() }
        let decoder = try SessionDecoder(manifest, decoder: workers, memoryLimit: memoryLimit)
        workers.allow(voxels: decoder.voxelCount)
        let records = Dictionary(contents.chunks.map { ($0.ordinal, $0.record) }) { first, _ in first }
        let wanted = manifest.plan.enumerated().filter { _, planned in
            layers.contains(planned.chunk.layer, maxError: manifest.volumes[planned.volume].maxError)
        }.map { UInt32($0.offset + 1) }
        do {
            try await apply(wanted, of: records, to: decoder, onProgress: onProgress)
            var missing = wanted.filter { records[$0] == nil }.map { manifest.plan[Int($0) - 1].volume }
            var table: ChunkTable?
            if layers == .all {
                table = try records[manifest.tableOrdinal].map { try ChunkTable(decoding: ChunkRecord(decoding: $0).payload) }
                if table == nil { missing += manifest.volumes.indices }
            }
            // What lacks chunks cannot be what the table says; its own chunks are checked all the same.
            if let table { try await decoder.check(table, manifest: records[0], isWhole: missing.isEmpty) }
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
            throw CodingError(error.code, "\(path): \(error.message)")
        } catch let error as WireError {
            throw WireError(error.code, "\(path): \(error.message)")
        }
    }

    /// Applies the chunks that are there and rest on no other that is not.
    private static func apply(
        _ ordinals: [UInt32], of records: [UInt32: [UInt8]], to decoder: SessionDecoder,
        onProgress: @Sendable (Int, Int) -> Void
    ) async throws {
        var usable: Set<UInt32> = []
        // In the plan's order every chunk comes after those it rests on.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for ordinal in ordinals {
                guard let record = records[ordinal], decoder.prerequisites(of: ordinal).allSatisfy(usable.contains) else {
                    continue
                }
                usable.insert(ordinal)
                group.addTask {
                    do {
                        try await decoder.apply(ordinal, record: record) { _ in }
                    } catch {
                        await decoder.cancel(error)
                        throw error
                    }
                }
            }
            var done = 0
            for try await _ in group {
                done += 1
                onProgress(done, usable.count)
            }
        }
    }
}
