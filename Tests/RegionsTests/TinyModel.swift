import TestSupport
import Files
import Regions
import StrictYAML
import Foundation
import Profiles
import VolumeModel

/// Networks of one node, written as ONNX by hand: no weights, and an answer that can be worked out.
struct TinyModel {
    var operation = "Identity"
    /// The number of times that the node reads the network's input.
    var inputCount = 1
    /// Integer attributes of the node.
    var attributes: [(name: String, value: Int)] = []
    var channels: Int? = 1
    var batch: Int?
    var rows: Int?
    var columns: Int?

    /// The side-car that goes with it. Keys with dots replace single fields; nil removes one.
    static func sideCar(_ changes: [String: Any?] = [:]) throws -> Data {
        var record: [String: Any] = [
            "format": 1, "name": "tiny", "axis": "axial",
            "input": ["tensor": "input", "channels": ["flair"], "slices": 1, "pixel_millimetres": 2.0, "multiple_of": 4],
            "output": ["tensor": "logits", "activation": "sigmoid", "classes": ["tumour"]],
            "content": ["fill": "border_mode", "crop": true],
            "normalisation": ["clip_percentiles": [0, 100], "zscore": true, "outside": -4],
            "threshold": 0.6,
            "post": [
                "connectivity": 26, "keep_fraction": 0.3, "minimum_millilitres": 0.5, "unsure_below": 0.5,
                "unsure_above_brain_fraction": 0.5,
            ],
        ]
        for (path, value) in changes {
            let keys = path.split(separator: ".").map(String.init)
            if keys.count == 2 {
                var inner = record[keys[0]] as? [String: Any] ?? [:]
                inner[keys[1]] = value
                record[keys[0]] = inner
            } else {
                record[path] = value
            }
        }
        return try JSONSerialization.data(withJSONObject: record)
    }

    /// Writes both into a folder and gives the model's path.
    func write(to folder: TemporaryFolder, name: String = "tiny", _ changes: [String: Any?] = [:]) throws -> String {
        let path = folder.place("\(name).onnx")
        try Data(bytes()).write(to: URL(fileURLWithPath: path))
        try Self.sideCar(changes).write(to: URL(fileURLWithPath: folder.place("\(name).json")))
        return path
    }

    private func bytes() -> [UInt8] {
        var node: [UInt8] = []
        for _ in 0..<inputCount { node += field(1, Array("input".utf8)) }
        node += field(2, Array("logits".utf8)) + field(4, Array(operation.utf8))
        for attribute in attributes {
            node += field(5, field(1, Array(attribute.name.utf8)) + number(3, attribute.value) + number(20, 2))
        }
        let graph =
            field(1, node) + field(2, Array("tiny".utf8)) + field(11, port("input", [batch, channels, rows, columns]))
            + field(12, port("logits", [nil, nil, nil, nil]))
        return number(1, 8) + field(8, field(1, []) + number(2, 17)) + field(7, graph)
    }

    private func port(_ name: String, _ sizes: [Int?]) -> [UInt8] {
        let shape = sizes.enumerated().flatMap { index, size in
            field(1, size.map { number(1, $0) } ?? field(2, Array("\(name)\(index)".utf8)))
        }
        return field(1, Array(name.utf8)) + field(2, field(1, number(1, 1) + field(2, shape)))
    }

    // Protocol buffers: a key, then a length and bytes, or a number.
    private func field(_ key: Int, _ bytes: [UInt8]) -> [UInt8] { varint(key << 3 | 2) + varint(bytes.count) + bytes }
    private func number(_ key: Int, _ value: Int) -> [UInt8] { varint(key << 3) + varint(value) }
    private func varint(_ value: Int) -> [UInt8] {
        var rest = UInt(value)
        var bytes: [UInt8] = []
        while rest > 127 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}

/// ONNX Runtime as 'make setup' installs it.
enum Runtime {
    static func shared() throws -> OnnxRuntime { try loaded.get() }
    private static let loaded = Result { try OnnxRuntime(candidates: InstalledFiles.onnxRuntime) }
}

/// A grey body in empty space with bright boxes in it.
func scan(
    columns: Int = 60, rows: Int = 50, slices: Int = 40, bright: [Box], name: String = "scan", affine: Affine = .identity,
    type: VoxelType = .int16, level: Int = 400, texture: Int = 17
) throws -> Scan {
    let shape = try Shape(columns: columns, rows: rows, slices: slices)
    var values = [Int](repeating: 0, count: shape.voxelCount)
    for z in 4..<slices - 4 {
        for y in 4..<rows - 4 {
            for x in 4..<columns - 4 {
                // A little texture, or the body would have no contrast but the boxes.
                let isBright = bright.contains { $0.x.contains(x) && $0.y.contains(y) && $0.z.contains(z) }
                values[(z * rows + y) * columns + x] = (isBright ? level : 100) + (7 * x + 13 * y + 29 * z) % texture
            }
        }
    }
    let volume =
        type == .float32
        ? try Volume(shape: shape, voxelType: type, values: values.map { Float($0) }, affine: affine)
        : try Volume(shape: shape, voxelType: .int16, values: values.map { Int16($0) }, affine: affine)
    return Scan(volume, name: name)
}
