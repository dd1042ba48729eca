/// Exact codes without the base: linear prediction in three dimensions by weights that a chunk brings along, errors coded by asymmetric numeral
/// systems. About as small as context mixing, and many times as fast.
public struct LinearRefinement: RefinementCoder {
    public let identifier: UInt8 = 3
    public let usesBase = false

    /// Makes the coder.
    public init() {}

    public func encode(_ exact: [UInt16], given context: RefinementContext) throws(RefinementError) -> [UInt8] {
        try context.check(exact)
        let planes = PaddedPlanes(columns: context.columns, rows: context.rows, slices: context.slices)
        var coder = TokenEncoder(capacity: context.voxelCount / 2)
        let parameters = exact.withUnsafeBufferPointer { exact in
            exact.baseAddress.map { PredictionFit.parameters(for: $0, context, planes) } ?? PredictionParameters()
        }
        var model = LinearModel(context, parameters, planes: planes)
        exact.withUnsafeBufferPointer { model.run(&coder, exact: $0.baseAddress, output: nil) }
        return CheckedStream.seal(parameters.bytes + coder.bytes, hash: CheckedStream.hash(exact, context))
    }

    public func decode(_ chunk: [UInt8], given context: RefinementContext) throws(RefinementError) -> [UInt16] {
        let header = chunk.dropFirst(CheckedStream.byteCount).prefix(PredictionParameters.byteCount)
        guard let parameters = PredictionParameters(header) else {
            throw RefinementError(.corruptChunk, "a chunk of \(chunk.count) bytes has no header")
        }
        var model = LinearModel(
            context, parameters, planes: PaddedPlanes(columns: context.columns, rows: context.rows, slices: context.slices))
        var exact = [UInt16](repeating: 0, count: context.voxelCount)
        chunk.withUnsafeBufferPointer { bytes in
            var coder = TokenDecoder(bytes, from: CheckedStream.byteCount + PredictionParameters.byteCount)
            exact.withUnsafeMutableBufferPointer { model.run(&coder, exact: nil, output: $0.baseAddress) }
        }
        try CheckedStream.verify(chunk, hash: CheckedStream.hash(exact, context))
        return exact
    }
}
