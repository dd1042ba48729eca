import Faults
import Testing
import TestSupport
import VolumeModel

@Suite("Structural similarity")
struct StructuralSimilarityTests {
    private func noise(_ shape: Shape, seed: UInt64) throws -> Volume {
        var random = Seeded(seed)
        return try Volume(
            shape: shape, voxelType: .int16,
            values: (0..<shape.voxelCount).map { _ in Int16.random(in: -500...900, using: &random) })
    }

    @Test("Identical volumes score 1")
    func identical() throws {
        let volume = try noise(try Shape(columns: 20, rows: 15, slices: 3), seed: 7)
        let score = try #require(try StructuralSimilarity.mean(volume, volume, peak: 1400))
        #expect(abs(score - 1) < 1e-12)
    }

    @Test("Two even volumes differ by their means alone")
    func even() throws {
        // With no variance: (2 * 100 * 110 + c1) / (100^2 + 110^2 + c1), c1 = (0.01 * 255)^2.
        let shape = try Shape(columns: 9, rows: 8, slices: 2)
        let a = try Volume(shape: shape, voxelType: .uint8, voxels: [UInt8](repeating: 100, count: shape.voxelCount))
        let b = try Volume(shape: shape, voxelType: .uint8, voxels: [UInt8](repeating: 110, count: shape.voxelCount))
        let score = try #require(try StructuralSimilarity.mean(a, b, peak: 255))
        #expect(abs(score - 22006.5025 / 22106.5025) < 1e-9)
    }

    @Test("Sliding sums give what a plain loop over every window gives", arguments: [1, 2, 3] as [UInt64])
    func bruteForce(seed: UInt64) throws {
        print("structural similarity: seed \(seed)")
        let shape = try Shape(columns: 17, rows: 13, slices: 3, timepoints: 2)
        let a = try noise(shape, seed: seed)
        let b = try noise(shape, seed: seed + 100)
        for box in [shape.box, try Box(parsing: "3:14,2:9,1:2"), try Box(parsing: "10:17,6:13,2:3")] {
            let score = try #require(try StructuralSimilarity.mean(a, b, box: box, peak: 1400))
            #expect(abs(score - plain(a, b, box, peak: 1400)) < 1e-9, "seed \(seed), \(box)")
        }
    }

    @Test("More noise scores lower")
    func order() throws {
        let shape = try Shape(columns: 32, rows: 32, slices: 1)
        let slope: [Int16] = (0..<32).flatMap { (row: Int) -> [Int16] in (0..<32).map { Int16($0 * 20 + row * 10) } }
        let clean = try Volume(shape: shape, voxelType: .int16, values: slope)
        var scores: [Double] = [1]
        for amplitude in [5, 50, 400] as [Int16] {
            var random = Seeded(9)
            let noisy = slope.map { $0 + Int16.random(in: -amplitude...amplitude, using: &random) }
            let volume = try Volume(shape: shape, voxelType: .int16, values: noisy)
            scores.append(try #require(try StructuralSimilarity.mean(clean, volume, peak: 930)))
        }
        #expect(scores == scores.sorted(by: >))
        #expect(scores[3] < 0.5)
    }

    @Test("A slice smaller than the window has no score, and neither has a box outside")
    func tooSmall() throws {
        let shape = try Shape(columns: 7, rows: 7, slices: 1)
        let volume = try noise(shape, seed: 1)
        #expect(try StructuralSimilarity.mean(volume, volume, peak: 1) != nil)
        #expect(try StructuralSimilarity.mean(volume, volume, box: try Box(parsing: "0:6,0:7,0:1"), peak: 1) == nil)
        #expect(try StructuralSimilarity.mean(volume, volume, box: try Box(parsing: "0:7,0:6,0:1"), peak: 1) == nil)
        #expect(try StructuralSimilarity.mean(volume, volume, box: try Box(parsing: "1:8,0:7,0:1"), peak: 1) == nil)
        let narrow = try noise(try Shape(columns: 6, rows: 40, slices: 1), seed: 1)
        #expect(try StructuralSimilarity.mean(narrow, narrow, peak: 1) == nil)
    }

    @Test("A constant volume scores 1 against itself though its peak is 0")
    func constant() throws {
        let shape = try Shape(columns: 8, rows: 8, slices: 1)
        let volume = try Volume(shape: shape, voxelType: .uint8, voxels: [UInt8](repeating: 0, count: 64))
        #expect(try StructuralSimilarity.mean(volume, volume, peak: 0) == 1)
    }

    @Test("Volumes of different shapes are refused")
    func shapes() throws {
        let a = try noise(try Shape(columns: 8, rows: 9, slices: 1), seed: 1)
        let b = try noise(try Shape(columns: 9, rows: 8, slices: 1), seed: 1)
        #expect {
            try StructuralSimilarity.mean(a, b, peak: 1)
        } throws: { error in
            (error as? VolumeError)?.code == .shapesDiffer
        }
    }

    private func plain(_ a: Volume, _ b: Volume, _ box: Box, peak: Double) -> Double {
        let shape = a.shape
        let p = a.doubles()
        let q = b.doubles()
        let c1 = 0.0001 * peak * peak
        let c2 = 0.0009 * peak * peak
        var total = 0.0
        var count = 0.0
        for time in 0..<shape.timepoints {
            for z in box.z {
                for y in box.y.lowerBound...box.y.upperBound - 7 {
                    for x in box.x.lowerBound...box.x.upperBound - 7 {
                        let indices = (0..<49).map {
                            ((time * shape.slices + z) * shape.rows + y + $0 / 7) * shape.columns + x + $0 % 7
                        }
                        let meanP = indices.reduce(0) { $0 + p[$1] } / 49
                        let meanQ = indices.reduce(0) { $0 + q[$1] } / 49
                        let varianceP = indices.reduce(0) { $0 + (p[$1] - meanP) * (p[$1] - meanP) } / 48
                        let varianceQ = indices.reduce(0) { $0 + (q[$1] - meanQ) * (q[$1] - meanQ) } / 48
                        let covariance = indices.reduce(0) { $0 + (p[$1] - meanP) * (q[$1] - meanQ) } / 48
                        let means = (2 * meanP * meanQ + c1) / (meanP * meanP + meanQ * meanQ + c1)
                        total += means * (2 * covariance + c2) / (varianceP + varianceQ + c2)
                        count += 1
                    }
                }
            }
        }
        return total / count
    }
}
