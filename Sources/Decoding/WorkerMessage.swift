internal import Faults
internal import ExactCodec

/// Form in which a decode request and its answer cross the pipe between a program and its decoder on one machine: fields of 64 bits in the
/// machine's own order, arrays after their length in bytes.
package struct WorkerMessage {
    package private(set) var bytes: [UInt8] = []
    private var position = 0

    init() {}
    package init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func put(_ value: Int) { withUnsafeBytes(of: Int64(value)) { bytes.append(contentsOf: $0) } }
    mutating func put(_ value: [UInt8]) {
        put(value.count)
        bytes.append(contentsOf: value)
    }
    mutating func put(_ value: [UInt16]) {
        put(value.count * 2)
        value.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    mutating func takeInt() -> Int? {
        guard bytes.count - position >= 8 else { return nil }
        defer { position += 8 }
        return Int(bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: Int64.self) })
    }
    mutating func takeBytes() -> [UInt8]? {
        guard let count = takeInt(), count >= 0, count <= bytes.count - position else { return nil }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }
    mutating func takeSamples() -> [UInt16]? {
        guard let raw = takeBytes(), raw.count % 2 == 0 else { return nil }
        return [UInt16](unsafeUninitializedCapacity: raw.count / 2) { buffer, count in
            UnsafeMutableRawBufferPointer(buffer).copyBytes(from: raw)
            count = raw.count / 2
        }
    }
}

extension WorkerMessage {
    package init(_ request: DecodeRequest) {
        self.init()
        switch request {
        case .slices(let payload, let columns, let rows, let count, let bitDepth):
            put(1)
            put(payload)
            for field in [columns, rows, count, bitDepth] { put(field) }
        case .mask(let payload, let count, let columns, let rows):
            put(2)
            put(payload)
            for field in [count, columns, rows] { put(field) }
        case .codes(let payload, let coder, let context):
            put(3)
            put(payload)
            for field in [Int(coder), context.columns, context.rows, context.slices, Int(context.maxCode), Int(context.reach)] {
                put(field)
            }
            put(context.base)
            put(context.known)
        case .planes(let payload, let count, let byteCount):
            put(4)
            put(payload)
            put(count)
            put(byteCount)
        case .compressed(let payload, let count):
            put(5)
            put(payload)
            put(count)
        case .nothing: put(6)
        }
    }

    /// Nil when the bytes are no request.
    package mutating func takeRequest() -> DecodeRequest? {
        guard let kind = takeInt() else { return nil }
        if kind == 6 { return .nothing }
        guard let payload = takeBytes() else { return nil }
        switch kind {
        case 1:
            guard let columns = takeInt(), let rows = takeInt(), let count = takeInt(), let bitDepth = takeInt() else { return nil }
            return .slices(payload: payload, columns: columns, rows: rows, count: count, bitDepth: bitDepth)
        case 2:
            guard let count = takeInt(), let columns = takeInt(), let rows = takeInt() else { return nil }
            return .mask(payload: payload, count: count, columns: columns, rows: rows)
        case 3:
            guard let coder = takeInt(), let columns = takeInt(), let rows = takeInt(), let slices = takeInt(),
                let greatest = takeInt(), let reach = takeInt(),
                let base = takeSamples(), let known = takeBytes(),
                let coder = UInt8(exactly: coder), let greatest = UInt16(exactly: greatest), let reach = UInt16(exactly: reach),
                let context = try? ExactContext(
                    columns: columns, rows: rows, slices: slices, maxCode: greatest, base: base, known: known,
                    reach: reach)
            else { return nil }
            return .codes(payload: payload, coder: coder, context: context)
        case 4:
            guard let count = takeInt(), let byteCount = takeInt() else { return nil }
            return .planes(payload: payload, count: count, byteCount: byteCount)
        case 5:
            guard let count = takeInt() else { return nil }
            return .compressed(payload: payload, count: count)
        default: return nil
        }
    }

    package init(_ result: Result<DecodedChunk, DecodeError>) {
        self.init()
        switch result {
        case .success(.samples(let samples)):
            put(1)
            put(samples)
        case .success(.bytes(let bytes)):
            put(2)
            put(bytes)
        case .failure(let error):
            put(3)
            put(Array(error.message.utf8))
        }
    }

    /// Nil when the bytes are no answer.
    package mutating func takeResult() -> Result<DecodedChunk, DecodeError>? {
        switch takeInt() {
        case 1: takeSamples().map { .success(.samples($0)) }
        case 2: takeBytes().map { .success(.bytes($0)) }
        case 3: takeBytes().map { .failure(DecodeError(String(decoding: $0, as: UTF8.self))) }
        default: nil
        }
    }
}
