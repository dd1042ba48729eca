internal import ArgumentParser
internal import Terminal

/// A number of bytes on the command line.
struct Size: ExpressibleByArgument {
    let byteCount: Int

    init?(argument: String) {
        guard let count = ByteCount(argument) else { return nil }
        byteCount = count.value
    }
}
