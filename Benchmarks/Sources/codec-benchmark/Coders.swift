internal import Foundation
internal import NIfTIFile
internal import VolumeModel

/// The result of one coder with one volume.
struct Score: Codable {
    var bytes: Int?
    var encodeSeconds: Double?
    var decodeSeconds: Double?
    /// Peak memory over the volume's bytes, both ways.
    var encodeMemory: Double?
    var decodeMemory: Double?
    /// Bytes that say how values are numbered, which a coder without a base would have to say too.
    var valueTable: Int?
    /// Why there is none.
    var remark: String?
    /// Bytes of the base layers among them.
    var base: Int?
    /// Voxels that were coded one by one, where that is counted.
    var codedVoxels: Int?

    enum CodingKeys: String, CodingKey {
        case bytes, remark
        case encodeSeconds = "encode_seconds"
        case decodeSeconds = "decode_seconds"
        case encodeMemory = "encode_memory_ratio"
        case decodeMemory = "decode_memory_ratio"
        case valueTable = "value_table_bytes"
        case base = "base_bytes"
        case codedVoxels = "coded_voxels"
    }
}

/// Every coder that volumes are measured with, in the order of the table's columns.
struct Coders {
    let folder: String
    let fovea: String

    static let names = [
        "gzip -9", "xz -9e", "zstd -19", "JPEG-LS", "JPEG XL", "OpenJPEG", "x265 lossless", "Fovea, no base", "Fovea, 64 slices",
        "Fovea",
    ]

    func score(_ name: String, _ subject: Subject) -> Score {
        do {
            switch name {
            case "gzip -9": return try packed(subject, "gzip", ["-9", "-k", "-f", "-n"], ".gz", unpack: ["-d", "-k", "-f"])
            case "xz -9e": return try packed(subject, "xz", ["-9e", "-k", "-f", "-T1"], ".xz", unpack: ["-d", "-k", "-f"])
            case "zstd -19":
                return try packed(subject, "zstd", ["-19", "-q", "-k", "-f"], ".zst", unpack: ["-d", "-q", "-k", "-f"])
            case "Fovea": return try fovea(subject)
            default: break
            }
            guard let codes = subject.codes else { throw Tool.Failed(description: "more than 65536 values") }
            switch name {
            case "JPEG-LS": return try jpegLS(subject, codes)
            case "JPEG XL": return try jpegXL(subject, codes)
            case "OpenJPEG": return try openJPEG(subject, codes)
            case "x265 lossless": return try x265(subject, codes)
            case "Fovea, 64 slices": return try WithoutBase.score(subject, codes, slices: 64)
            default: return try WithoutBase.score(subject, codes, slices: 32)
            }
        } catch {
            return Score(remark: "\(error)")
        }
    }

    private func size(_ path: String) throws -> Int {
        (try FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber)?.intValue ?? 0
    }

    private func ratio(_ run: Tool.Run, _ subject: Subject) -> Double { Double(run.peakMemory) / Double(subject.byteCount) }

    /// The uncompressed NIfTI file through a general compressor.
    private func packed(_ subject: Subject, _ tool: String, _ pack: [String], _ ending: String, unpack: [String]) throws -> Score {
        let plain = "\(folder)/volume.nii"
        try NIfTIFile.write(subject.image, to: plain)
        let there = try Tool.run(tool, pack + [plain])
        let bytes = try size(plain + ending)
        let back = try Tool.run(tool, unpack + [plain + ending])
        return Score(bytes: bytes, encodeSeconds: there.seconds, decodeSeconds: back.seconds)
    }

    private func jpegLS(_ subject: Subject, _ codes: [UInt16]) throws -> Score {
        let start = ContinuousClock.now
        let bytes = try JPEGLS.encode(subject, codes)
        let middle = ContinuousClock.now
        try JPEGLS.decode(bytes, byteCount: codes.count * (subject.depth <= 8 ? 1 : 2))
        return Score(
            bytes: bytes.count, encodeSeconds: (middle - start) / .seconds(1),
            decodeSeconds: (ContinuousClock.now - middle) / .seconds(1))
    }

    /// A portable grey map, 16 bits big-endian.
    private func greyMap(_ subject: Subject, _ codes: [UInt16], greatest: Int) throws -> String {
        let path = "\(folder)/volume.pgm"
        var data = Data("P5\n\(subject.columns) \(subject.lines)\n\(greatest)\n".utf8)
        data.append(codes.map(\.bigEndian).withUnsafeBytes { Data($0) })
        try data.write(to: URL(fileURLWithPath: path))
        return path
    }

    private func jpegXL(_ subject: Subject, _ codes: [UInt16]) throws -> Score {
        // cjxl 0.7 is not lossless for depths other than 8 and 16.
        let map = try greyMap(subject, codes, greatest: 65535)
        let there = try Tool.run("cjxl", [map, "\(folder)/volume.jxl", "-d", "0", "-e", "7", "--quiet"])
        let back = try Tool.run("djxl", ["\(folder)/volume.jxl", "\(folder)/back.pgm", "--quiet"])
        try requireSame(map, "\(folder)/back.pgm")
        return Score(bytes: try size("\(folder)/volume.jxl"), encodeSeconds: there.seconds, decodeSeconds: back.seconds)
    }

    private func openJPEG(_ subject: Subject, _ codes: [UInt16]) throws -> Score {
        let map = try greyMap(subject, codes, greatest: 1 << max(subject.depth, 9) - 1)
        let there = try Tool.run("opj_compress", ["-i", map, "-o", "\(folder)/volume.j2k"])
        let back = try Tool.run("opj_decompress", ["-i", "\(folder)/volume.j2k", "-o", "\(folder)/back.pgm"])
        try requireSame(map, "\(folder)/back.pgm")
        return Score(bytes: try size("\(folder)/volume.j2k"), encodeSeconds: there.seconds, decodeSeconds: back.seconds)
    }

    /// Compares voxels: headers may be written in another way.
    private func requireSame(_ a: String, _ b: String) throws {
        let (first, second) = (try Data(contentsOf: URL(fileURLWithPath: a)), try Data(contentsOf: URL(fileURLWithPath: b)))
        let count = first.count - 64
        guard count > 0, second.count > count, first.suffix(count) == second.suffix(count) else {
            throw Tool.Failed(description: "NOT EXACT")
        }
    }

    /// Slices as pictures of a sequence.
    private func x265(_ subject: Subject, _ codes: [UInt16]) throws -> Score {
        guard subject.depth <= 12 else { throw Tool.Failed(description: "more than 12 bits") }
        let shape = subject.image.volume.shape
        guard min(shape.columns, shape.rows) >= 64 else { throw Tool.Failed(description: "too small") }
        let raw = "\(folder)/volume.yuv"
        try codes.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: raw))
        let run = try Tool.run(
            "x265",
            [
                "--input", raw, "--input-csp", "i400", "--input-depth", "12", "--output-depth", "12", "--input-res",
                "\(shape.columns)x\(shape.rows)", "--fps", "25", "--preset", "slower", "--no-weightb", "--lossless",
                "--no-info", "--output", "\(folder)/volume.hevc",
            ])
        return Score(bytes: try size("\(folder)/volume.hevc"), encodeSeconds: run.seconds)
    }

    /// The program itself, base and refinement, with the region of the same head.
    private func fovea(_ subject: Subject) throws -> Score {
        let (file, back) = ("\(folder)/volume.fovea", "\(folder)/back.nii")
        let region = subject.mask.map { ["--mask", $0] } ?? []
        let there = try Tool.run(fovea, ["encode", subject.path, "--out", file, "--json"] + region)
        let again = try Tool.run(fovea, ["decode", file, "--out", back, "--json"])
        let same = try Tool.run(fovea, ["compare", subject.path, back, "--json"])
        guard same.output.contains("\"identical_voxels\":true") else { throw Tool.Failed(description: "NOT EXACT") }
        let summary = there.output.split(separator: "\n").last.map { Data($0.utf8) } ?? Data()
        let fields = try JSONSerialization.jsonObject(with: summary) as? [String: Any]
        let layers = fields?["bytes_by_layer"] as? [String: Int] ?? [:]
        return Score(
            bytes: try size(file), encodeSeconds: there.seconds, decodeSeconds: again.seconds, encodeMemory: ratio(there, subject),
            decodeMemory: ratio(again, subject), valueTable: layers["value_table"] ?? 0,
            base: (layers["roi_base"] ?? 0) + (layers["background_base"] ?? 0))
    }
}
