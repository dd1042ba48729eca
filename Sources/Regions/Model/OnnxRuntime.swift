internal import Faults
internal import COnnxRuntime
internal import Glibc

/// ONNX Runtime, opened at run time, so that everything but segmentation works without it.
package final class OnnxRuntime: @unchecked Sendable {
    // Unchecked: all are set once, and the library's functions may be called from any thread.
    let api: FoveaOrtApi
    let environment: OpaquePointer
    /// Says that tensors lie in ordinary memory.
    let memory: OpaquePointer
    /// Frees what the library hands out; the library's own.
    let allocator: OpaquePointer
    /// The library's own version.
    package let version: String

    /// Opens the library.
    /// - Parameter candidates: paths to try, in their order; a name without a slash is looked up as the system does.
    /// - Throws: `SegmentationError.Code.runtimeMissing`, saying what to do about it.
    package init(candidates: [String]) throws(SegmentationError) {
        guard let handle = candidates.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else {
            throw SegmentationError(
                .runtimeMissing,
                "finding the region of interest needs ONNX Runtime, which is not installed: run 'make setup' in Fovea's folder, or set FOVEA_ONNXRUNTIME to a libonnxruntime.so; --mask and --box work without it"
            )
        }
        guard let symbol = dlsym(handle, "OrtGetApiBase"),
            let base = unsafeBitCast(symbol, to: FoveaOrtGetApiBase.self)(),
            let api = base.pointee.GetApi(UInt32(FOVEA_ORT_API_VERSION))?.pointee
        else { throw SegmentationError(.runtimeMissing, "the ONNX Runtime that is installed is too old; 1.16 or later is needed") }
        version = String(cString: base.pointee.GetVersionString())
        self.api = api
        func make(_ create: (UnsafeMutablePointer<OpaquePointer?>) -> OpaquePointer?) throws(SegmentationError) -> OpaquePointer {
            var made: OpaquePointer?
            let status = create(&made)
            if status == nil, let made { return made }
            throw SegmentationError(.runtimeMissing, "ONNX Runtime does not start: \(Self.text(status, api))")
        }
        environment = try make { api.CreateEnv(Int32(FOVEA_ORT_LOGGING_FATAL), "fovea", $0) }
        memory = try make { api.CreateCpuMemoryInfo(Int32(FOVEA_ORT_DEVICE_ALLOCATOR), Int32(FOVEA_ORT_DEFAULT_MEMORY), $0) }
        allocator = try make { api.GetAllocatorWithDefaultOptions($0) }
    }

    deinit {
        api.ReleaseMemoryInfo(memory)
        api.ReleaseEnv(environment)
    }

    /// Turns a failed call into an error, in the library's own words.
    func require(_ status: OpaquePointer?, _ code: SegmentationError.Code, _ context: String) throws(SegmentationError) {
        guard status != nil else { return }
        throw SegmentationError(code, "\(context): \(Self.text(status, api))")
    }

    private static func text(_ status: OpaquePointer?, _ api: FoveaOrtApi) -> String {
        guard let status else { return "no reason given" }
        defer { api.ReleaseStatus(status) }
        let words = String(cString: api.GetErrorMessage(status)).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.count > 300 ? words.prefix(300) + "..." : words
    }
}
