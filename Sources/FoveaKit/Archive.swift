internal import Faults
package import Archive
internal import Files
internal import Bytes
internal import Concurrency
package import EncodingInput
package import NIfTIFile
internal import Profiles
internal import ProgressiveCoding
internal import WireFormat

/// A .fovea file: the chunks of a session in a file instead of on a link.
///
///     try await Archive("brain.fovea").encode("brain.nii.gz", region: .mask("tumour.nii.gz"))
///     let result = try await Archive("brain.fovea").decode(to: "brain.nii.gz")
public struct Archive: Sendable {
    /// Which layers are decoded.
    public enum Layers: Sendable {
        /// The regions of interest at base quality.
        case roi
        /// The whole volume at base quality.
        case lossy
        /// All there is.
        case all
    }

    /// The file's path.
    public let path: String

    /// Names a file; nothing is opened yet.
    public init(_ path: String) { self.path = path }

    /// Codes a volume into the file.
    /// - Parameters:
    ///   - volume: a NIfTI volume's path.
    ///   - region: what goes first.
    ///   - encoding: an encoding profile, by name or path.
    ///   - replacing: whether a file of that name gives way.
    /// - Returns: the bytes of the file.
    /// - Throws: ``FoveaError``.
    @discardableResult
    public func encode(
        _ volume: String, region: Region = .model, encoding: String = "auto", replacing: Bool = false
    ) async throws -> Int {
        do {
            var preparation = Preparation(paths: [volume], encoding: try EncodingProfile.policy(encoding))
            preparation.regionChoice = try region.choice()
            try OutputPlace.check(path, inputs: [volume] + region.files, replacing: replacing)
            return try await write(preparation, replacing: replacing).file.byteCount
        } catch {
            throw FoveaError(error) ?? error
        }
    }

    /// Decodes the file into a NIfTI volume. A file that lacks chunks gives a volume whose name says that it is not all.
    /// - Parameters:
    ///   - volume: the path to write, .nii or .nii.gz.
    ///   - layers: which of them.
    ///   - replacing: whether a file of that name gives way.
    /// - Returns: the path that was written, and whether every bit is the source's.
    /// - Throws: ``FoveaError``.
    @discardableResult
    public func decode(
        to volume: String, layers: Layers = .all, replacing: Bool = false
    ) async throws -> (path: String, isExact: Bool) {
        let layers: FoveaFile.Layers =
            switch layers {
            case .roi: .roi
            case .lossy: .lossy
            case .all: .all
            }
        do {
            try OutputPlace.check(volume, inputs: [path], replacing: replacing)
            let read = try await read(layers)
            let target = read.path(askedFor: volume)
            if target != volume { try OutputPlace.check(target, inputs: [path], replacing: replacing) }
            try NIfTIFile.write(try read.presentable(), to: target, replacing: replacing)
            return (target, read.outcome.state == .lossless)
        } catch {
            throw FoveaError(error) ?? error
        }
    }

    /// The results of writing a file.
    package struct Written: Sendable {
        /// The session that was coded.
        package let prepared: Preparation.Result
        /// The file.
        package let file: FoveaFile.Written
        /// Seconds of coding.
        package let seconds: Double
    }

    /// Codes a session into the file; again without its coder, where that erred.
    /// - Parameters:
    ///   - onRemark: told what a person should know.
    ///   - onProgress: how many of how many chunks are coded.
    package func write(
        _ preparation: Preparation, replacing: Bool, onRemark: @Sendable (String) -> Void = { _ in },
        onProgress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> Written {
        var preparation = preparation
        // A file is for links that nobody knows yet; it holds what one of this rate would be sent.
        preparation.bitsPerSecond = 1e6
        do {
            return try await attempt(preparation, replacing, onRemark, onProgress)
        } catch let error as CodingError where error.isOfCoder {
            guard let plain = preparation.withoutCoder else { throw error }
            onRemark("\(error); it is written again, its exact voxels without a coder")
            return try await attempt(plain, replacing, onRemark, onProgress)
        }
    }

    private func attempt(
        _ preparation: Preparation, _ replacing: Bool, _ onRemark: (String) -> Void,
        _ onProgress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> Written {
        let pool = CodingPool()
        let prepared = try await preparation.run(on: pool)
        if let remark = prepared.remark { onRemark(remark) }
        let watch = Stopwatch()
        let file = try await FoveaFile.write(prepared, to: path, replacing: replacing, pool: pool, onProgress: onProgress)
        return Written(prepared: prepared, file: file, seconds: watch.seconds)
    }

    /// Decodes the file's one volume.
    /// - Parameter onProgress: how many of how many chunks are decoded.
    /// - Throws: ``FoveaError/Code/usage`` for a file of several volumes.
    package func read(
        _ layers: FoveaFile.Layers, onProgress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> FoveaFile.Decoded {
        let decoded = try await FoveaFile.decode(path, layers: layers, onProgress: onProgress)
        guard decoded.count == 1 else {
            throw FoveaError(.usage, "\(path) holds \(decoded.count) volumes; one is decoded at a time")
        }
        return decoded[0]
    }
}

extension FoveaFile.Decoded {
    /// The volume as it is written: what is not the source's every bit says so in its header, whatever its file is called.
    package func presentable() throws -> NIfTIImage { outcome.state == .lossless ? image : try image.asPreview() }
}
