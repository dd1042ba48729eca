internal import Faults
internal import ArgumentParser
internal import Glibc
internal import NetSim
internal import StrictYAML

/// The program.
@main
struct NetSimProgram: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "netsim", abstract: "Puts a simulated link between programs.",
        discussion: "Example: netsim relay --listen 127.0.0.1:9711 --to 127.0.0.1:9710 --link rural-4g", version: "0.1.0",
        subcommands: [RelayCommand.self, RunCommand.self, CheckCommand.self, PlotCommand.self])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            let code = exitCode(for: error)
            if code == .success { exit(withError: error) }
            if let code = error as? ExitCode { Glibc.exit(code.rawValue) }
            let (message, status): (String, Int32) =
                switch error {
                case let error as NetSimError: (error.message, status(of: error.code))
                case let error as ProfileError: (error.message, error.code == .notFound ? 66 : 65)
                default: ("\(Self.message(for: error).split(separator: "\n").first ?? "wrong usage") (see 'netsim --help')", 64)
                }
            write("netsim: \(message)", to: 2)
            Glibc.exit(status)
        }
    }

    /// As sysexits.h has them; those of a command that cannot be run are the shells' own.
    private static func status(of code: NetSimError.Code) -> Int32 {
        switch code {
        case .invalidAddress, .invalidParameter: 64
        case .invalidLog: 65
        case .noInput: 66
        case .notPermitted: 77
        case .commandNotFound: 127
        case .command: 126
        case .log: 74
        case .socket, .thread, .state, .unavailable: 69
        }
    }

    /// Writes a line to one of the standard streams.
    static func write(_ line: String, to descriptor: Int32) {
        (line + "\n").withCString { _ = Glibc.write(descriptor, $0, strlen($0)) }
    }
}
