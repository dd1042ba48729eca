internal import Faults
package import HEVCDecoding
internal import CX265
internal import Synchronization

/// Codes stacks of slices as closed HEVC chunks with x265, monochrome, on the calling thread.
package enum HEVCEncoder {
    /// x265 fills static tables while it opens its first encoder.
    private static let opening = Mutex(())

    /// Codes one stack.
    /// - Returns: the chunk's NAL units, each after its length as four big-endian bytes, parameter sets first.
    /// - Throws: `HEVCError.Code.invalidParameters` or `.encoderFailed`.
    package static func encode(_ stack: SliceStack, _ parameters: HEVCParameters) throws(HEVCError) -> [UInt8] {
        guard let api = fovea_x265_api(Int32(parameters.bitDepth)) else {
            throw HEVCError(.encoderFailed, "libx265 was built without \(parameters.bitDepth)-bit support")
        }
        let frame = CodedFrame(columns: stack.columns, rows: stack.rows)
        let encoder = try Session(api: api.pointee, frame: frame, sliceCount: stack.count, parameters)
        return try parameters.bitDepth == 8
            ? encoder.encode(stack, sample: UInt8.self) : encoder.encode(stack, sample: UInt16.self)
    }

    /// One x265 encoder and its parameters, closed and freed together.
    private final class Session {
        let api: x265_api
        let frame: CodedFrame
        let bitDepth: Int
        let parameters: UnsafeMutablePointer<x265_param>
        let encoder: OpaquePointer

        init(api: x265_api, frame: CodedFrame, sliceCount: Int, _ settings: HEVCParameters) throws(HEVCError) {
            self.api = api
            self.frame = frame
            bitDepth = settings.bitDepth
            guard let parameters = api.param_alloc() else { throw HEVCError(.encoderFailed, "no memory for x265's parameters") }
            do throws(HEVCError) {
                try Self.configure(parameters, api: api, frame: frame, sliceCount: sliceCount, settings)
            } catch {
                api.param_free(parameters)
                throw error
            }
            guard let encoder = HEVCEncoder.opening.withLock({ _ in SendablePointer(api.encoder_open(parameters)) }).pointer else {
                api.param_free(parameters)
                throw HEVCError(
                    .encoderFailed, "x265 refuses these parameters for \(sliceCount) slices of \(frame.columns)x\(frame.rows)")
            }
            self.parameters = parameters
            self.encoder = encoder
        }

        deinit {
            api.encoder_close(encoder)
            api.param_free(parameters)
        }

        static func configure(
            _ parameters: UnsafeMutablePointer<x265_param>, api: x265_api, frame: CodedFrame, sliceCount: Int,
            _ settings: HEVCParameters
        ) throws(HEVCError) {
            guard api.param_default_preset(parameters, settings.preset, nil) == 0 else {
                throw HEVCError(.invalidParameters, "x265 has no preset '\(settings.preset)'")
            }
            func set(_ name: String, _ value: String) throws(HEVCError) {
                switch api.param_parse(parameters, name, value) {
                case 0: return
                case X265_PARAM_BAD_NAME: throw HEVCError(.invalidParameters, "x265 has no option '\(name)'")
                default: throw HEVCError(.invalidParameters, "x265 does not take '\(value)' for '\(name)'")
                }
            }
            // Threads over chunks serve better than threads within one: no pool, and so no wavefronts to pay for in bytes.
            for (name, value) in [
                ("pools", "none"), ("frame-threads", "1"), ("wpp", "0"), ("lookahead-slices", "0"), ("log-level", "none"),
            ] {
                try set(name, value)
            }
            for option in settings.options { try set(option.name, option.value) }
            try set("crf", "\(settings.crf)")
            for (name, value) in [
                ("annexb", "1"), ("repeat-headers", "0"), ("info", "0"), ("aud", "0"), ("weightp", "0"), ("weightb", "0"),
                ("open-gop", "0"), ("keyint", "-1"),
            ] { try set(name, value) }
            let p = parameters
            p.pointee.sourceWidth = Int32(frame.columns)
            p.pointee.sourceHeight = Int32(frame.rows)
            p.pointee.internalCsp = X265_CSP_I400
            p.pointee.sourceBitDepth = Int32(settings.bitDepth)
            p.pointee.fpsNum = 25
            p.pointee.fpsDenom = 1
            p.pointee.totalFrames = Int32(sliceCount)
            // x265 fails to open on short chunks with more, and a frame one coding-tree unit wide does not decode to what was meant.
            p.pointee.bframes = min(p.pointee.bframes, 4)
            if p.pointee.maxCUSize >= frame.columns || p.pointee.maxCUSize > frame.rows { p.pointee.maxCUSize = 32 }
        }

        func encode<Sample: FixedWidthInteger>(_ stack: SliceStack, sample: Sample.Type) throws(HEVCError) -> [UInt8] {
            guard let picture = api.picture_alloc() else { throw HEVCError(.encoderFailed, "no memory for a picture") }
            defer { api.picture_free(picture) }
            var chunk: [UInt8] = []
            var units: UnsafeMutablePointer<x265_nal>?
            var count: UInt32 = 0
            guard api.encoder_headers(encoder, &units, &count) >= 0 else {
                throw HEVCError(.encoderFailed, "x265 wrote no headers")
            }
            append(units, count, to: &chunk)
            var samples = [Sample](repeating: 0, count: frame.columns * frame.rows)
            for slice in 0..<stack.count {
                frame.pad(stack, slice: slice, into: &samples)
                let status = samples.withUnsafeMutableBytes { raw -> Int32 in
                    api.picture_init(parameters, picture)
                    picture.pointee.planes.0 = raw.baseAddress
                    picture.pointee.stride.0 = Int32(frame.columns * MemoryLayout<Sample>.size)
                    picture.pointee.bitDepth = Int32(bitDepth)
                    picture.pointee.colorSpace = X265_CSP_I400
                    picture.pointee.pts = Int64(slice)
                    return api.encoder_encode(encoder, &units, &count, picture, nil)
                }
                guard status >= 0 else { throw HEVCError(.encoderFailed, "x265 failed on slice \(slice)") }
                append(units, count, to: &chunk)
            }
            while true {
                let status = api.encoder_encode(encoder, &units, &count, nil, nil)
                guard status >= 0 else { throw HEVCError(.encoderFailed, "x265 failed while it was flushed") }
                if status == 0 { break }
                append(units, count, to: &chunk)
            }
            return chunk
        }

        /// Copies NAL units at once, since the next call ends them, with lengths in place of start codes.
        private func append(_ units: UnsafeMutablePointer<x265_nal>?, _ count: UInt32, to chunk: inout [UInt8]) {
            guard let units else { return }
            for unit in UnsafeBufferPointer(start: units, count: Int(count)) {
                let bytes = UnsafeBufferPointer(start: unit.payload, count: Int(unit.sizeBytes))
                let startCode = bytes.count >= 4 && bytes[0] == 0 && bytes[1] == 0 && bytes[2] == 0 ? 4 : 3
                let body = bytes.dropFirst(startCode)
                withUnsafeBytes(of: UInt32(body.count).bigEndian) { chunk.append(contentsOf: $0) }
                chunk.append(contentsOf: body)
            }
        }
    }
}

/// Carries a C handle out of a lock's closure; whoever holds the result is its only owner.
private struct SendablePointer: @unchecked Sendable {
    let pointer: OpaquePointer?
    init(_ pointer: OpaquePointer?) { self.pointer = pointer }
}
