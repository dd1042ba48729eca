/// The random streams of one direction of a link: one for each element that draws, so that none shifts another's draws.
struct LinkStreams {
    /// The numbers are part of what a seed means: changing one changes runs that were made with it.
    enum Element: UInt64 {
        case loss = 0
        case duplication = 1
        case corruption = 2
        case jitter = 3
        case queue = 4
    }

    private let seed: UInt64
    private let direction: UInt64

    /// - Parameter client: Whose link it is, from 0.
    init(seed: UInt64, heading: Heading, client: Int) {
        self.seed = seed
        direction = UInt64(client) &* 2 &+ (heading == .up ? 1 : 2)
    }

    /// Streams of directions stay below 2⁵⁶ for any number of clients that a computer has room for.
    func generator(_ element: Element) -> SeededGenerator {
        SeededGenerator(seed: seed, stream: direction ^ (element.rawValue << 56))
    }
}
