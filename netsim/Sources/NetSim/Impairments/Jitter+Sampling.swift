internal import CNetSim
import Glibc

extension Jitter.Distribution {
    /// Draws once.
    func sample(_ generator: inout SeededGenerator) -> Duration {
        switch self {
        case .uniform(let minimum, let maximum):
            return minimum + (maximum - minimum) * generator.nextUniform()
        case .normal(let mean, let deviation):
            guard deviation > .zero else { return mean }
            return mean + deviation * Self.truncatedNormal(limit: mean / deviation, &generator)
        case .pareto(let minimum, let shape, let maximum):
            // The inverse of the truncated distribution function: one draw, and none to reject.
            let left = 1 - generator.nextUniform() * (1 - pow(minimum / maximum, shape))
            return min(maximum, minimum * pow(left, -1 / shape))
        }
    }

    /// A standard normal variable, drawn again while it is further from zero than `limit`, which is at least 1.
    ///
    /// G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates", Annals of Mathematical Statistics 29,
    /// 1958.
    private static func truncatedNormal(limit: Double, _ generator: inout SeededGenerator) -> Double {
        // Two thirds of the draws are within 1, so that this many of them are as good as certain to have one.
        for _ in 0..<100 {
            let radius = (-2 * log(1 - generator.nextUniform())).squareRoot()
            let value = radius * cos(2 * .pi * generator.nextUniform())
            if abs(value) <= limit { return value }
        }
        return 0
    }
}
