public import Bytes
public import Faults

/// A chunk as it travels: its digest, how it is coded, what error it leaves, and its bytes.
public struct ChunkRecord: Sendable, Equatable {
    /// Which coder made the payload; its meaning depends on the layer.
    public let coder: UInt8
    /// The greatest absolute error it leaves, in stored units, as the sender measured it.
    public let maxAbsoluteError: Double
    /// The mean squared error it leaves, in stored units, as the sender measured it.
    public let meanSquaredError: Double
    /// The coded bytes.
    public let payload: [UInt8]

    /// Makes a record.
    public init(coder: UInt8, maxAbsoluteError: Double = 0, meanSquaredError: Double = 0, payload: [UInt8]) {
        self.coder = coder
        self.maxAbsoluteError = maxAbsoluteError
        self.meanSquaredError = meanSquaredError
        self.payload = payload
    }

    /// The record's bytes, its digest first.
    /// - Throws: `FormatError.Code.limitExceeded` when it is larger than a chunk may be.
    public func encoded() throws(FormatError) -> [UInt8] {
        guard payload.count + 49 <= WireLimits.chunkByteCount else {
            throw FormatError(.limitExceeded, "a chunk of \(payload.count) bytes, above \(WireLimits.chunkByteCount)")
        }
        var body = ByteWriter(capacity: payload.count + 17)
        body.put(coder)
        body.put(maxAbsoluteError)
        body.put(meanSquaredError)
        body.put(payload)
        return Digest(of: body.bytes).bytes + body.bytes
    }

    /// The digest a record's bytes begin with; nil when they are too short.
    public static func digest(of record: [UInt8]) -> Digest? {
        record.count < Digest.byteCount ? nil : Digest(unchecked: Array(record[..<Digest.byteCount]))
    }

    /// Reads a record and checks its digest.
    /// - Throws: `FormatError`.
    public init(decoding bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        let digest = try reader.takeDigest("digest")
        guard Digest(of: bytes.dropFirst(Digest.byteCount)) == digest else {
            throw FormatError(.digestMismatch, "a chunk's bytes do not have its digest")
        }
        coder = try reader.take(UInt8.self, "coder")
        maxAbsoluteError = try reader.takeDouble("maximum error")
        meanSquaredError = try reader.takeDouble("squared error")
        guard maxAbsoluteError >= 0, meanSquaredError >= 0 else { throw FormatError(.invalidField, "a negative error") }
        payload = Array(try reader.take(reader.remaining, "payload"))
    }
}

/// A table of what was sent, said once all of it is known: every chunk's length, digest and error, and what each volume must be in the end.
public struct ChunkTable: Sendable, Equatable {
    /// One chunk.
    public struct Entry: Sendable, Equatable {
        /// Bytes of the record.
        public let byteCount: Int
        /// The record's digest.
        public let digest: Digest
        /// As in ``ChunkRecord/maxAbsoluteError``.
        public let maxAbsoluteError: Double
        /// As in ``ChunkRecord/meanSquaredError``.
        public let meanSquaredError: Double
        /// Makes an entry.
        public init(byteCount: Int, digest: Digest, maxAbsoluteError: Double, meanSquaredError: Double) {
            self.byteCount = byteCount
            self.digest = digest
            self.maxAbsoluteError = maxAbsoluteError
            self.meanSquaredError = meanSquaredError
        }
    }
    /// Chunks 0 (the manifest) to the last of the plan.
    public let entries: [Entry]
    /// The outcome that each volume must have in the end, as the sender reconstructed it.
    public let outcomes: [Receipt.Volume]

    /// Makes a table.
    public init(entries: [Entry], outcomes: [Receipt.Volume]) {
        self.entries = entries
        self.outcomes = outcomes
    }

    /// The table's bytes: a chunk record's payload.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 16 + entries.count * 52)
        writer.put(UInt32(entries.count))
        for entry in entries {
            writer.put(UInt32(entry.byteCount))
            writer.put(entry.digest)
            writer.put(entry.maxAbsoluteError)
            writer.put(entry.meanSquaredError)
        }
        writer.put(UInt8(outcomes.count))
        for outcome in outcomes {
            writer.put(outcome.state.rawValue)
            writer.put(outcome.digest)
        }
        return writer.bytes
    }

    /// Reads a table.
    /// - Throws: `FormatError`.
    public init(decoding bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        let count = Int(try reader.take(UInt32.self, "entry count"))
        guard count <= WireLimits.chunkCount, count <= reader.remaining / 52 else {
            throw FormatError(.limitExceeded, "a table of \(count) chunks in \(reader.remaining) bytes")
        }
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        for _ in 0..<count {
            let entry = Entry(
                byteCount: Int(try reader.take(UInt32.self, "byte count")), digest: try reader.takeDigest("digest"),
                maxAbsoluteError: try reader.takeDouble("maximum error"), meanSquaredError: try reader.takeDouble("squared error"))
            guard entry.byteCount <= WireLimits.chunkByteCount else {
                throw FormatError(.limitExceeded, "a chunk of \(entry.byteCount) bytes in a table")
            }
            guard entry.maxAbsoluteError >= 0, entry.meanSquaredError >= 0 else {
                throw FormatError(.invalidField, "a negative error in a table")
            }
            entries.append(entry)
        }
        self.entries = entries
        let outcomeCount = Int(try reader.take(UInt8.self, "outcome count"))
        guard outcomeCount <= WireLimits.volumeCount else { throw FormatError(.limitExceeded, "\(outcomeCount) outcomes") }
        var outcomes: [Receipt.Volume] = []
        for _ in 0..<outcomeCount {
            let state = try reader.take(UInt8.self, "state")
            guard let state = VolumeState(rawValue: state) else {
                throw FormatError(.invalidField, "volume state \(state) is unknown")
            }
            outcomes.append(Receipt.Volume(state: state, digest: try reader.takeDigest("outcome digest")))
        }
        self.outcomes = outcomes
        try reader.requireEnd()
    }
}
