public import Bytes
internal import Faults

/// A receiver's answer to a hello.
public struct Welcome: Sendable, Equatable {
    /// The receiver's knowledge of the session.
    public enum Standing: UInt8, Sendable {
        /// Nothing.
        case fresh = 0
        /// Pieces of it; ``Holdings`` follow.
        case begun = 1
        /// All of it is on disk: nothing is missing but the end.
        case complete = 2
    }
    /// The receiver's knowledge of the session.
    public let standing: Standing
    /// Random bytes of this connection, as in ``Hello/nonce``.
    public let nonce: [UInt8]
    /// The digest of the manifest's record, where the receiver has it; zeros otherwise.
    public let manifestDigest: Digest
    /// Pages of holdings that follow.
    public let pageCount: UInt32

    /// Makes a welcome; a nonce of another length is filled or cut.
    public init(standing: Standing, nonce: [UInt8], manifestDigest: Digest?, pageCount: UInt32) {
        self.standing = standing
        self.nonce = Self.fitted(nonce)
        self.manifestDigest = manifestDigest ?? Digest(unchecked: [UInt8](repeating: 0, count: Digest.byteCount))
        self.pageCount = pageCount
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        let standing = try reader.take(UInt8.self, "standing")
        guard let standing = Standing(rawValue: standing) else {
            throw FormatError(.invalidField, "standing \(standing) is unknown")
        }
        self.standing = standing
        nonce = Array(try reader.take(Hello.nonceByteCount, "nonce"))
        manifestDigest = try reader.takeDigest("manifest digest")
        pageCount = try reader.take(UInt32.self, "pages")
        guard pageCount <= UInt32(WireLimits.holdingsPageCount) else {
            throw FormatError(.limitExceeded, "\(pageCount) pages of holdings")
        }
    }
    func write(to writer: inout ByteWriter) {
        writer.put(standing.rawValue)
        writer.put(nonce)
        writer.put(manifestDigest)
        writer.put(pageCount)
    }

    /// True when the receiver has a manifest.
    public var hasManifest: Bool { manifestDigest.bytes.contains { $0 != 0 } }

    static func fitted(_ nonce: [UInt8]) -> [UInt8] {
        Array((nonce + [UInt8](repeating: 0, count: Hello.nonceByteCount)).prefix(Hello.nonceByteCount))
    }
}

/// A page of what a receiver holds. What no page names it does not hold.
public struct Holdings: Sendable, Equatable {
    /// Pieces of one chunk that lie one behind the other.
    public struct Run: Sendable, Equatable {
        /// The chunk.
        public let ordinal: UInt32
        /// Bytes of its record.
        public let totalByteCount: UInt32
        /// Pieces, counted from 0.
        public let pieces: Range<UInt32>
        /// Makes a run.
        public init(ordinal: UInt32, totalByteCount: UInt32, pieces: Range<UInt32>) {
            self.ordinal = ordinal
            self.totalByteCount = totalByteCount
            self.pieces = pieces
        }
    }
    /// The most runs of a page.
    public static let runLimit = (WireLimits.datagramByteCount - Datagram.headerByteCount - 12 - Datagram.sealByteCount) / 16

    /// Which asking this answers: pages of one answer go together.
    public let answer: UInt32
    /// This page, counted from 0.
    public let page: UInt16
    /// Pages of the answer.
    public let pageCount: UInt16
    /// The runs of pieces that are held.
    public let runs: [Run]

    /// Makes a page.
    public init(answer: UInt32, page: UInt16, pageCount: UInt16, runs: [Run]) {
        self.answer = answer
        self.page = page
        self.pageCount = pageCount
        self.runs = runs
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        answer = try reader.take(UInt32.self, "answer")
        page = try reader.take(UInt16.self, "page")
        pageCount = try reader.take(UInt16.self, "pages")
        let count = try reader.take(UInt32.self, "run count")
        guard page < pageCount, Int(pageCount) <= WireLimits.holdingsPageCount, count <= UInt32(Self.runLimit) else {
            throw FormatError(.limitExceeded, "page \(page) of \(pageCount) with \(count) runs")
        }
        var runs: [Run] = []
        for _ in 0..<count {
            let ordinal = try reader.take(UInt32.self, "ordinal")
            let total = try reader.take(UInt32.self, "total")
            let start = try reader.take(UInt32.self, "first piece")
            let end = try reader.take(UInt32.self, "piece after the last")
            guard ordinal < UInt32(WireLimits.chunkCount), total > 0, total <= UInt32(WireLimits.chunkByteCount), start < end,
                Int(end) <= Fragment.count(of: Int(total))
            else { throw FormatError(.invalidField, "pieces \(start) to \(end) of chunk \(ordinal) of \(total) bytes") }
            runs.append(Run(ordinal: ordinal, totalByteCount: total, pieces: start..<end))
        }
        self.runs = runs
    }
    func write(to writer: inout ByteWriter) {
        writer.put(answer)
        writer.put(page)
        writer.put(pageCount)
        writer.put(UInt32(runs.count))
        for run in runs {
            writer.put(run.ordinal)
            writer.put(run.totalByteCount)
            writer.put(run.pieces.lowerBound)
            writer.put(run.pieces.upperBound)
        }
    }
}

/// A parity piece of a block of a chunk's pieces.
public struct Parity: Sendable, Equatable {
    /// The most pieces of a block; blocks follow each other through a chunk.
    public static let blockLimit = 128

    /// The chunk.
    public let ordinal: UInt32
    /// Bytes of its record.
    public let totalByteCount: UInt32
    /// The block, counted from 0.
    public let block: UInt16
    /// Which parity piece of the block.
    public let index: UInt8
    /// When it was handed to the transport, as in ``Fragment/departureMicroseconds``.
    public let departureMicroseconds: UInt32
    /// As long as a full piece.
    public let payload: ArraySlice<UInt8>

    /// Makes a parity piece.
    public init(
        ordinal: UInt32, totalByteCount: UInt32, block: UInt16, index: UInt8, departureMicroseconds: UInt32,
        payload: ArraySlice<UInt8>
    ) {
        self.ordinal = ordinal
        self.totalByteCount = totalByteCount
        self.block = block
        self.index = index
        self.departureMicroseconds = departureMicroseconds
        self.payload = payload
    }

    /// Pieces of a block of a chunk of so many bytes.
    public static func pieces(block: Int, of totalByteCount: Int) -> Range<Int> {
        let count = Fragment.count(of: totalByteCount)
        return min(count, block * blockLimit)..<min(count, (block + 1) * blockLimit)
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        ordinal = try reader.take(UInt32.self, "ordinal")
        totalByteCount = try reader.take(UInt32.self, "total")
        block = try reader.take(UInt16.self, "block")
        index = try reader.take(UInt8.self, "parity index")
        departureMicroseconds = try reader.take(UInt32.self, "departure")
        payload = try reader.take(reader.remaining, "payload")
        guard ordinal < UInt32(WireLimits.chunkCount), totalByteCount > 0, totalByteCount <= UInt32(WireLimits.chunkByteCount),
            !Self.pieces(block: Int(block), of: Int(totalByteCount)).isEmpty, index < UInt8(255 - Self.blockLimit),
            payload.count == Self.payloadByteCount
        else {
            throw FormatError(.invalidField, "parity \(index) of block \(block) of chunk \(ordinal) of \(totalByteCount) bytes")
        }
    }
    func write(to writer: inout ByteWriter) {
        writer.put(ordinal)
        writer.put(totalByteCount)
        writer.put(block)
        writer.put(index)
        writer.put(departureMicroseconds)
        writer.put(payload)
    }

    /// Bytes of a parity piece: as many as the longest piece of a chunk has.
    public static let payloadByteCount = Fragment.payloadLimit

    public static func == (a: Parity, b: Parity) -> Bool {
        a.ordinal == b.ordinal && a.totalByteCount == b.totalByteCount && a.block == b.block && a.index == b.index
            && a.departureMicroseconds == b.departureMicroseconds && a.payload.elementsEqual(b.payload)
    }
}
