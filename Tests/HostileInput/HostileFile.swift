/// A file of a fuzzer's corpus, handed to what it was made for.
package enum HostileFile {
    /// - Parameter target: the fuzzer's name without "fuzz-".
    /// - Returns: the promises that were broken.
    package static func receive(_ bytes: [UInt8], target: String) async -> [String] {
        switch target {
        case "receiving": await HostileSession(bytes).receive()
        case "journal": await HostileJournal(bytes).receive(in: "/tmp")
        case "datagrams": HostileDatagrams(bytes).receive()
        default: []
        }
    }
}
