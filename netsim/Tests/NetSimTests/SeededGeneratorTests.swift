import NetSim
import Testing

@Suite("Seeded generator")
struct SeededGeneratorTests {
    @Test("The sequence of a seed is that of the published xoshiro256** with SplitMix64")
    func reference() {
        var generator = SeededGenerator(seed: 0)
        let values = (0..<4).map { _ in generator.next() }
        #expect(
            values == [
                0x99EC_5F36_CB75_F2B4, 0xBF6E_1F78_4956_452A, 0x1A5F_849D_4933_E6E0, 0x6AA5_94F1_262D_2D2C,
            ])
    }

    @Test("Equal seeds give equal sequences; other seeds and other streams give others")
    func seeds() {
        func sequence(_ seed: UInt64, _ stream: UInt64) -> [UInt64] {
            var generator = SeededGenerator(seed: seed, stream: stream)
            return (0..<8).map { _ in generator.next() }
        }
        #expect(sequence(7, 3) == sequence(7, 3))
        let all = [sequence(0, 0), sequence(0, 1), sequence(1, 0), sequence(1, 1), sequence(2, 0), sequence(.max, .max)]
        #expect(Set(all).count == all.count)
    }

    @Test("Uniform numbers lie in 0 ..< 1 and fill it evenly")
    func uniform() {
        var generator = SeededGenerator(seed: 42)
        var bins = [Int](repeating: 0, count: 10)
        var outsideCount = 0
        for _ in 0..<100_000 {
            let value = generator.nextUniform()
            if !(0..<1).contains(value) { outsideCount += 1 }
            bins[min(9, max(0, Int(value * 10)))] += 1
        }
        #expect(outsideCount == 0)
        // Five standard deviations of a bin.
        #expect(bins.allSatisfy { abs($0 - 10_000) < 475 }, "\(bins)")
    }
}
