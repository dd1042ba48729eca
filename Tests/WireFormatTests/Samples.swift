import Bytes
import VolumeModel
import WireFormat

/// Bytes from hexadecimal digits; spaces and line ends are for the eye.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// The error with which decoding is refused; nil when it is not.
func refusal(_ body: () throws -> Void) -> FormatError? {
    do {
        try body()
        return nil
    } catch {
        return error as? FormatError
    }
}

/// SHA-256 of no bytes and of "fovea", as any other program computes them.
let digestOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
let digestOfFovea = "bc070a43c090e6e8cb2de72a8a6fc7c4c0c9f054423131a9c38e2e3ea57d8470"

enum Samples {
    static func datagrams() throws -> [Datagram] {
        let digest = Digest(of: Array("fovea".utf8))
        return [
            .hello(
                Hello(
                    session: try Name("s-1"), goal: .lossless, elapsedMicroseconds: 0x0102, roundTripMicroseconds: 0x80e8,
                    resumes: true, nonce: nonce)),
            .data(
                Fragment(ordinal: 3, totalByteCount: 5, offset: 0, departureMicroseconds: 0xdead_beef, payload: [1, 2, 3, 4, 5])),
            .heartbeat(Heartbeat(sequence: 9, departureMicroseconds: 10, asksForHoldings: true)),
            .report(report),
            .acknowledgement([0..<1, 4..<16_384]),
            .end(tableDigest: digest),
            .receipt(Receipt(tableDigest: digest, volumes: [.init(state: .lossless, digest: Digest(of: []))])),
            .bye,
            .abort(Abort(reason: .failed, message: "disk full")),
            .welcome(Welcome(standing: .begun, nonce: nonce, manifestDigest: digest, pageCount: 1024)),
            .holdings(
                Holdings(
                    answer: 6, page: 1, pageCount: 2,
                    runs: [
                        Holdings.Run(ordinal: 0, totalByteCount: 5, pieces: 0..<1),
                        Holdings.Run(ordinal: 16_383, totalByteCount: 64 << 20, pieces: 2..<47_227),
                    ])),
            .parity(
                Parity(
                    ordinal: 3, totalByteCount: 200_000, block: 1, index: 126, departureMicroseconds: 0xdead_beef,
                    payload: [UInt8](repeating: 0xa5, count: 1421)[...])),
            .focus(Focus(number: 256, volume: 1, box: try StackedBox(parsing: "3:6,300:305,1:4"))),
        ]
    }

    /// Random bytes as good as any.
    static let nonce: [UInt8] = Array(0..<16)

    static var report: Report {
        var report = Report()
        report.receivedByteCount = 1 << 40
        report.receivedDatagramCount = 258
        report.lastArrivalMicroseconds = 7
        report.arrivalCount = 8
        report.spanByteCount = 0x0900
        report.spanMicroseconds = 0x0a_0000
        report.minDelayMicroseconds = .max
        report.echoMicroseconds = 0xdead_beef
        report.holdMicroseconds = 0x0c
        return report
    }

    static func manifest() throws -> Manifest {
        Manifest(
            goal: .lossy,
            volumes: [
                VolumeManifest(
                    name: try Name("flair"), title: "flair é", header: [UInt8](repeating: 0x5c, count: 348), extensionByteCount: 4,
                    trailerByteCount: 300,
                    sourceDigest: Digest(of: Array("fovea".utf8)), low: -1024, high: 3071, bitDepth: 12,
                    knee: Knee(sample: 3840, value: 900), fill: 0xfc00,
                    content: try Box(parsing: "1:9,2:8,0:5"), regionSource: .model, regionCertainty: 97,
                    regions: [try Box(parsing: "3:6,3:6,1:4")],
                    maxError: 4,
                    plan: [
                        PlannedChunk(layer: .roiBase, box: try StackedBox(parsing: "3:6,3:6,1:4")),
                        PlannedChunk(layer: .backgroundRefinement, box: try StackedBox(parsing: "0:300,0:200,0:155")),
                    ]),
                VolumeManifest(
                    name: try Name("t1"), header: [UInt8](repeating: 0x5d, count: 540), extensionByteCount: 0, trailerByteCount: 0,
                    sourceDigest: Digest(of: []), low: 0, high: 0, bitDepth: 8, fill: 0, content: nil, regionSource: .everything,
                    regions: [],
                    plan: []),
            ])
    }

    static func focusChunk() throws -> FocusChunk {
        FocusChunk(
            focus: 2, volume: 1, part: 3, partCount: 258, box: try StackedBox(parsing: "3:6,300:305,1:4"),
            slices: [0xaa, 0xbb, 0xcc])
    }

    static func table() -> ChunkTable {
        ChunkTable(
            entries: [
                ChunkTable.Entry(
                    byteCount: 513, digest: Digest(of: Array("fovea".utf8)), maxAbsoluteError: 2.5, meanSquaredError: 0.75)
            ],
            outcomes: [Receipt.Volume(state: .lossy, digest: Digest(of: []))])
    }

    static func record() -> ChunkRecord {
        ChunkRecord(coder: 7, maxAbsoluteError: 2.5, meanSquaredError: 0.75, payload: [1, 2, 3, 4])
    }
}
