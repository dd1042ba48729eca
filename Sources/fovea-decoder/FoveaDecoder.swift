internal import Decoding

/// Decodes what a peer sent, in a process that can do nothing else: `fovea` starts it, one a session and more. It takes no arguments, reads requests
/// from standard input, and writes answers to standard output.
@main
enum FoveaDecoder {
    static func main() { ConfinedWorker.serve() }
}
