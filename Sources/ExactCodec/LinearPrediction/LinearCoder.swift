public import Faults

/// Exact codes without the base: linear prediction in three dimensions by weights that a chunk brings along, errors coded by asymmetric numeral
/// systems. About as small as context mixing, and many times as fast.
public struct LinearCoder: ExactCoder {
    public let identifier: UInt8 = 3
    public let usesBase = false

    /// Makes the coder.
    public init() {}

    public func encode(_ exact: [UInt16], given context: ExactContext) throws(ExactCodecError) -> [UInt8] {
        try context.check(exact)
        var coder = TokenEncoder(columns: context.columns, byteCount: context.voxelCount / 2)
        var parameters = PredictionParameters()
        exact.withUnsafeBufferPointer { exact in
            guard let exact = exact.baseAddress else { return }
            parameters = LinearEncoding(exact, context).run(&coder)
        }
        return CheckedStream.seal(parameters.bytes + coder.bytes, hash: CheckedStream.hash(exact, context))
    }

    /// The same with the header of another chunk, whatever its weights.
    public func encode(_ exact: [UInt16], like chunk: [UInt8], given context: ExactContext) throws(ExactCodecError) -> [UInt8] {
        let parameters = try Self.parameters(of: chunk)
        var coder = TokenEncoder(columns: context.columns, byteCount: context.voxelCount / 2)
        exact.withUnsafeBufferPointer { exact in
            guard let exact = exact.baseAddress else { return }
            _ = LinearEncoding(exact, context).run(&coder, parameters: parameters)
        }
        return CheckedStream.seal(parameters.bytes + coder.bytes, hash: CheckedStream.hash(exact, context))
    }

    /// The plain reference: codes voxel by voxel as a decoder does, with the header of another chunk.
    public func encodePlainly(_ exact: [UInt16], like chunk: [UInt8], given context: ExactContext) throws(ExactCodecError)
        -> [UInt8]
    {
        let parameters = try Self.parameters(of: chunk)
        var coder = TokenEncoder(columns: context.columns, byteCount: context.voxelCount / 2)
        let model = LinearModel(context, parameters)
        exact.withUnsafeBufferPointer { model.run(&coder, exact: $0.baseAddress, output: nil) }
        return CheckedStream.seal(parameters.bytes + coder.bytes, hash: CheckedStream.hash(exact, context))
    }

    private static func parameters(of chunk: [UInt8]) throws(ExactCodecError) -> PredictionParameters {
        let header = chunk.dropFirst(CheckedStream.byteCount).prefix(PredictionParameters.byteCount)
        guard let parameters = PredictionParameters(header) else {
            throw ExactCodecError(.corruptChunk, "a chunk of \(chunk.count) bytes has no header")
        }
        return parameters
    }

    public func decode(_ chunk: [UInt8], given context: ExactContext) throws(ExactCodecError) -> [UInt16] {
        let exact = try decodeUnchecked(chunk, given: context)
        try CheckedStream.verify(chunk, hash: CheckedStream.hash(exact, context))
        return exact
    }

    /// Decodes a chunk to something, whatever its check says.
    /// - Parameter plainly: voxel by voxel by the plain reference.
    public func decodeUnchecked(
        _ chunk: [UInt8], given context: ExactContext, plainly: Bool = false
    ) throws(ExactCodecError) -> [UInt16] {
        let model = LinearModel(context, try Self.parameters(of: chunk))
        var exact = [UInt16](repeating: 0, count: context.voxelCount)
        chunk.withUnsafeBufferPointer { bytes in
            var coder = TokenDecoder(bytes, from: CheckedStream.byteCount + PredictionParameters.byteCount)
            exact.withUnsafeMutableBufferPointer { output in
                guard let output = output.baseAddress else { return }
                if plainly { model.run(&coder, exact: nil, output: output) } else { model.decode(&coder, into: output) }
            }
        }
        return exact
    }
}
