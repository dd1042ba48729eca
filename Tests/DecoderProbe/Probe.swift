internal import Glibc

/// Stands in for a decoder's process in tests: `inside` confines itself as one and tries what it must not do; as a decoder it does what
/// a chunk tells it to, confined by nothing.
@main
struct Probe {
    static func main() {
        switch CommandLine.arguments.dropFirst().first {
        case "inside": Inside.report()
        case nil: Misbehaving.serve()
        default: exit(64)
        }
    }
}

/// Writes a line to standard output, by nothing but a system call that a confined process has.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(1, bytes, bytes.count)
}
