internal import FoveaKit
internal import Receipts
internal import ArgumentParser

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make the key a receiver signs its receipts with.",
        discussion: """
            Writes an Ed25519 key in PEM that only its owner may read, and beside it FILE.pub, which others check receipts with.
            A key is never overwritten.

            Example: fovea key --out receiver.pem
            """)

    @Option(help: ArgumentHelp("The file for the key; FILE.pub gets its public half.", valueName: "file")) var out: String
    @OptionGroup var output: JSONOption

    func run() async throws {
        let console = Console(isJSON: output.json)
        let key = ReceiptKey()
        try key.write(to: out)
        console.say("\(out)\n\(out).pub")
        console.event("summary", ["key": .text(out), "public": .text("\(out).pub"), "public_key": .text(key.publicKey.hex)])
    }
}
