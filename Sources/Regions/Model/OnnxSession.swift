internal import Faults
internal import COnnxRuntime

/// One network, ready to run: images in, a map of logits or probabilities out.
final class OnnxSession: @unchecked Sendable {
    // Unchecked: ONNX Runtime's sessions may be run from any thread.
    private let runtime: OnnxRuntime
    private let session: OpaquePointer
    private let path: String
    private let inputName: String
    private let outputName: String
    /// Batch, channels, rows and columns as the network declares its input; nil where any size will do.
    let inputShape: [Int?]

    /// Reads a network.
    /// - Throws: `SegmentationError.Code.invalidModel` when it is none, or does not have the input and output named.
    init(_ model: [UInt8], path: String, input: String, output: String, threads: Int, runtime: OnnxRuntime)
        throws(SegmentationError)
    {
        let api = runtime.api
        var options: OpaquePointer?
        try runtime.require(api.CreateSessionOptions(&options), .invalidModel, path)
        guard let options, !model.isEmpty else { throw SegmentationError(.invalidModel, "\(path) is empty") }
        defer { api.ReleaseSessionOptions(options) }
        try runtime.require(api.SetIntraOpNumThreads(options, Int32(threads)), .invalidModel, path)
        try runtime.require(api.SetSessionGraphOptimizationLevel(options, Int32(FOVEA_ORT_ENABLE_ALL)), .invalidModel, path)
        var session: OpaquePointer?
        let status = api.CreateSessionFromArray(runtime.environment, model, model.count, options, &session)
        try runtime.require(status, .invalidModel, "\(path) is no model that ONNX Runtime \(runtime.version) reads")
        guard let session else { throw SegmentationError(.invalidModel, "\(path): ONNX Runtime gave no session") }
        do throws(SegmentationError) {
            let ports = Ports(session: session, runtime: runtime, path: path)
            inputShape = try ports.shape(of: input)
            try ports.requireOutput(output)
        } catch {
            api.ReleaseSession(session)
            throw error
        }
        self.runtime = runtime
        self.session = session
        self.path = path
        inputName = input
        outputName = output
    }

    deinit { runtime.api.ReleaseSession(session) }

    /// Runs the network once.
    /// - Parameters:
    ///   - images: batch x channels x rows x columns.
    ///   - shape: those four.
    /// - Returns: batch x classes x rows x columns.
    /// - Throws: `SegmentationError.Code.invalidModel` when the network takes no such input, `.invalidOutput` when what it gives has another
    ///   shape, or numbers that are not finite.
    func run(_ images: inout [Float], shape: [Int], classes: Int) throws(SegmentationError) -> [Float] {
        let api = runtime.api
        let sizes = shape.map(Int64.init)
        var input: OpaquePointer?
        // The tensor borrows the array's memory, so everything happens while it is pinned.
        let result = images.withUnsafeMutableBytes { bytes -> Result<[Float], SegmentationError> in
            Result { () throws(SegmentationError) in
                guard let address = bytes.baseAddress, bytes.count == shape.reduce(4, *) else {
                    throw SegmentationError(.invalidModel, "\(path): an empty input")
                }
                let status = api.CreateTensorWithDataAsOrtValue(
                    runtime.memory, address, bytes.count, sizes, sizes.count, Int32(FOVEA_ORT_FLOAT), &input)
                try runtime.require(status, .invalidModel, path)
                guard let input else { throw SegmentationError(.invalidModel, "\(path): ONNX Runtime gave no tensor") }
                defer { api.ReleaseValue(input) }
                var output: OpaquePointer?
                let run = inputName.withCString { inputName in
                    outputName.withCString { outputName in
                        withUnsafePointer(to: inputName) { inputNames in
                            withUnsafePointer(to: outputName) { outputNames in
                                withUnsafePointer(to: input) { inputs in
                                    api.Run(session, nil, inputNames, inputs, 1, outputNames, 1, &output)
                                }
                            }
                        }
                    }
                }
                try runtime.require(run, .invalidModel, "\(path) does not run on an input of \(Self.text(shape))")
                guard let output else { throw SegmentationError(.invalidOutput, "\(path): the model gave nothing") }
                defer { api.ReleaseValue(output) }
                return try numbers(of: output, expecting: [shape[0], classes, shape[2], shape[3]])
            }
        }
        return try result.get()
    }

    private func numbers(of value: OpaquePointer, expecting shape: [Int]) throws(SegmentationError) -> [Float] {
        let api = runtime.api
        var info: OpaquePointer?
        try runtime.require(api.GetTensorTypeAndShape(value, &info), .invalidOutput, path)
        guard let info else { throw SegmentationError(.invalidOutput, "\(path): the model's output is no tensor") }
        defer { api.ReleaseTensorTypeAndShapeInfo(info) }
        let (type, sizes) = try Ports.typeAndShape(info, runtime, path)
        guard type == Int32(FOVEA_ORT_FLOAT), sizes == shape else {
            throw SegmentationError(
                .invalidOutput, "\(path): the model's output is \(Self.text(sizes)), where \(Self.text(shape)) floats are expected")
        }
        var address: UnsafeMutableRawPointer?
        try runtime.require(api.GetTensorMutableData(value, &address), .invalidOutput, path)
        guard let address else { throw SegmentationError(.invalidOutput, "\(path): the model's output has no memory") }
        let count = shape.reduce(1, *)
        let numbers = Array(UnsafeBufferPointer(start: address.bindMemory(to: Float.self, capacity: count), count: count))
        guard numbers.allSatisfy(\.isFinite) else {
            throw SegmentationError(.invalidOutput, "\(path): the model's output holds numbers that are not finite")
        }
        return numbers
    }

    private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "x") }
}

/// Inputs and outputs of a network, by name.
private struct Ports {
    let session: OpaquePointer
    let runtime: OnnxRuntime
    let path: String

    /// The one input's four sizes.
    func shape(of input: String) throws(SegmentationError) -> [Int?] {
        let api = runtime.api
        let names = try names(api.SessionGetInputCount, api.SessionGetInputName)
        guard names == [input] else {
            throw SegmentationError(
                .invalidModel, "\(path) takes \(names.joined(separator: ", ")); its side-car names one input, '\(input)'")
        }
        var info: OpaquePointer?
        try runtime.require(api.SessionGetInputTypeInfo(session, 0, &info), .invalidModel, path)
        guard let info else { throw SegmentationError(.invalidModel, "\(path): an input without a type") }
        defer { api.ReleaseTypeInfo(info) }
        var tensor: OpaquePointer?
        try runtime.require(api.CastTypeInfoToTensorInfo(info, &tensor), .invalidModel, path)
        guard let tensor else { throw SegmentationError(.invalidModel, "\(path): its input is no tensor") }
        let (type, sizes) = try Self.typeAndShape(tensor, runtime, path)
        guard type == Int32(FOVEA_ORT_FLOAT), sizes.count == 4 else {
            throw SegmentationError(.invalidModel, "\(path): its input is not a tensor of floats with four sides")
        }
        return sizes.map { $0 > 0 ? $0 : nil }
    }

    func requireOutput(_ output: String) throws(SegmentationError) {
        let names = try names(runtime.api.SessionGetOutputCount, runtime.api.SessionGetOutputName)
        guard names.contains(output) else {
            throw SegmentationError(
                .invalidModel, "\(path) gives \(names.joined(separator: ", ")); its side-car names the output '\(output)'")
        }
    }

    private func names(
        _ count: (OpaquePointer, UnsafeMutablePointer<Int>) -> OpaquePointer?,
        _ name: (OpaquePointer, Int, OpaquePointer, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> OpaquePointer?
    ) throws(SegmentationError) -> [String] {
        var number = 0
        try runtime.require(count(session, &number), .invalidModel, path)
        var names: [String] = []
        for index in 0..<number {
            var text: UnsafeMutablePointer<CChar>?
            try runtime.require(name(session, index, runtime.allocator, &text), .invalidModel, path)
            guard let text else { continue }
            names.append(String(cString: text))
            try runtime.require(runtime.api.AllocatorFree(runtime.allocator, text), .invalidModel, path)
        }
        return names
    }

    static func typeAndShape(_ info: OpaquePointer, _ runtime: OnnxRuntime, _ path: String) throws(SegmentationError) -> (
        Int32, [Int]
    ) {
        let api = runtime.api
        var type: Int32 = 0
        var rank = 0
        try runtime.require(api.GetTensorElementType(info, &type), .invalidModel, path)
        try runtime.require(api.GetDimensionsCount(info, &rank), .invalidModel, path)
        var sizes = [Int64](repeating: 0, count: rank)
        try runtime.require(api.GetDimensions(info, &sizes, rank), .invalidModel, path)
        return (type, sizes.map(Int.init))
    }
}
