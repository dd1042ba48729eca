import Foundation
import NIfTIFile
import Testing
import VolumeModel

@Suite("Which way round a volume is shown")
struct OrientationTests {
    /// The page's own code, run outside a browser.
    private static let node: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        .map { "\($0)/node" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        .standardizedFileURL

    /// One way for a volume's axes to lie in the patient.
    private struct Lie {
        let name: String
        let shape: [Int]
        let affine: [[Double]]
    }
    private struct Case: Encodable {
        let shape: [Int]
        let affine: [[Double]]
        let box: [Int]
    }
    private struct Answer: Decodable {
        let shape: [Int]
        let affine: [[Double]]
        let cells: [Int]
        let view: [Int]
        let back: [Int]
    }

    /// Every order of axes, every direction of each: straight, and turned by some degrees about an oblique axis.
    private static func lies() -> [Lie] {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        let turn = rotation(degrees: 17, about: [0.3, -0.5, 0.81])
        return orders.flatMap { order in
            (0..<8).flatMap { signs in
                [false, true].map { isOblique in
                    // Which world axis each of the volume's lies along, which way, how long.
                    var linear = [[Double]](repeating: [0, 0, 0], count: 3)
                    let sides = [1.25, 0.75, 2.5]
                    for axis in 0..<3 { linear[order[axis]][axis] = (signs >> axis & 1 == 0 ? 1 : -1) * sides[axis] }
                    if isOblique {
                        linear = (0..<3).map { row in
                            (0..<3).map { column in (0..<3).reduce(0) { $0 + turn[row][$1] * linear[$1][column] } }
                        }
                    }
                    let offset = [-31.0, 17.5, 203.25]
                    return Lie(
                        name: "axes \(order), signs \(signs), \(isOblique ? "oblique" : "straight")", shape: [5, 4, 3],
                        affine: (0..<3).map { linear[$0] + [offset[$0]] })
                }
            }
        }
    }

    private static func rotation(degrees: Double, about axis: [Double]) -> [[Double]] {
        let length = (axis.reduce(0) { $0 + $1 * $1 }).squareRoot()
        let (x, y, z) = (axis[0] / length, axis[1] / length, axis[2] / length)
        let (c, s) = (cos(degrees * .pi / 180), sin(degrees * .pi / 180))
        let t = 1 - c
        return [
            [t * x * x + c, t * x * y - s * z, t * x * z + s * y], [t * x * y + s * z, t * y * y + c, t * y * z - s * x],
            [t * x * z - s * y, t * y * z + s * x, t * z * z + c],
        ]
    }

    private static func millimetres(_ affine: [[Double]], _ voxel: [Int]) -> [Double] {
        affine.map { row in row[3] + (0..<3).reduce(0) { $0 + row[$1] * Double(voxel[$1]) } }
    }

    private static func answers(_ cases: [Case]) throws -> [Answer] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(node))
        process.arguments = [
            root.appendingPathComponent("Scripts/orientation_check.mjs").path,
            root.appendingPathComponent("Sources/LiveView/Page/orientation.js").path,
        ]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let bytes = try JSONEncoder().encode(cases)
        Thread.detachNewThread {
            input.fileHandleForWriting.write(bytes)
            try? input.fileHandleForWriting.close()
        }
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try JSONDecoder().decode([Answer].self, from: answer)
    }

    @Test(
        "In all 48 orders of axes, straight and oblique, the page lays every voxel where it lies in the patient: right, anterior, superior",
        .enabled(if: node != nil, "node is not installed"))
    func everyOrder() throws {
        let lies = Self.lies()
        #expect(lies.count == 96)
        let box = [1, 4, 0, 2, 1, 3]
        let answers = try Self.answers(lies.map { Case(shape: $0.shape, affine: $0.affine, box: box) })
        #expect(answers.count == lies.count)
        for (lie, answer) in zip(lies, answers) {
            // A step along each axis of the view leads right, anterior, superior, more than anywhere else.
            for axis in 0..<3 {
                let along = (0..<3).map { answer.affine[$0][axis] }
                #expect(along[axis] > 0, "\(lie.name)")
                #expect(along.allSatisfy { abs($0) <= along[axis] }, "\(lie.name)")
            }
            // Each voxel has its own place, and that place is the same place in the patient.
            #expect(Set(answer.cells) == Set(0..<60), "\(lie.name)")
            var index = 0
            for z in 0..<lie.shape[2] {
                for y in 0..<lie.shape[1] {
                    for x in 0..<lie.shape[0] {
                        let cell = answer.cells[index]
                        let (columns, rows) = (answer.shape[0], answer.shape[1])
                        let view: [Int] = [cell % columns, cell / columns % rows, cell / (columns * rows)]
                        let truth: [Double] = Self.millimetres(lie.affine, [x, y, z])
                        let shown: [Double] = Self.millimetres(answer.affine, view)
                        let distance: Double = zip(truth, shown).map { abs($0 - $1) }.max() ?? .infinity
                        #expect(distance < 1e-9, "\(lie.name), voxel \(x) \(y) \(z)")
                        index += 1
                    }
                }
            }
            // Boxes go over and come back.
            #expect(answer.back == box, "\(lie.name)")
            let sides: [Int] = (0..<3).map { answer.view[2 * $0 + 1] - answer.view[2 * $0] }
            #expect(sides.sorted() == [2, 2, 3], "\(lie.name)")
        }
    }

    @Test("The geometry a page is given is the file's, in every order of axes, as libnifti reads it")
    func served() async throws {
        let lies = Self.lies()
        try await Served.run { folder in
            for (index, lie) in lies.enumerated() where index % 7 == 0 {
                let shape = try Shape(columns: lie.shape[0], rows: lie.shape[1], slices: lie.shape[2])
                let header = try NIfTIHeader.make(
                    shape: shape, voxelType: .uint8, affine: Affine(rows: lie.affine), description: "test")
                try StoredFixture(name: "lie-\(index)", stages: ["exact", "exact"], quality: nil, hasRegions: false).write(
                    folder, try NIfTIImage(header: header, voxels: Array(0..<60)))
            }
        } _: { served in
            let events = try Events(served)
            defer { events.close() }
            let page = try await events.page()
            for (index, lie) in lies.enumerated() where index % 7 == 0 {
                #expect(try await served.open("lie-\(index)", page: page).session["state"] as? String == "exact")
                let meta = try await served.json("/volume/lie-\(index)/0")
                let affine = try #require(meta["affine"] as? [[Double]])
                let file = try NIfTIFile.read("\(served.folder)/lie-\(index)/head.nii.gz").header.affine.rows
                for (row, truth) in zip(affine, file) {
                    #expect(zip(row, truth).allSatisfy { abs($0 - $1) < 1e-5 }, "\(lie.name)")
                }
                for (row, truth) in zip(affine, lie.affine) {
                    #expect(zip(row, truth).allSatisfy { abs($0 - $1) < 1e-4 }, "\(lie.name)")
                }
                let (voxels, _) = try #require(try await served.voxels("lie-\(index)", 0, bytesPerVoxel: 1))
                #expect(voxels == Array(0..<60))
            }
        }
    }
}
