internal import ArgumentParser
internal import Terminal

/// The message for a command line that is not understood.
enum Usage {
    /// One line: what is wrong, what may have been meant, and which help says more.
    /// - Parameter message: the argument parser's, its first line being the sentence.
    static func sentence(_ message: String, arguments: [String]) -> String {
        let first = message.split(separator: "\n").first.map(String.init) ?? "wrong usage"
        let names = Fovea.configuration.subcommands.compactMap { $0.configuration.commandName }
        let word = arguments.first { !$0.hasPrefix("-") }
        if let word, names.contains(word) { return "\(first) (see 'fovea \(word) --help')" }
        guard let word, arguments.first == word else { return "\(first) (see 'fovea --help')" }
        let meant = Suggestion.nearest(to: word, among: names).map { "did you mean 'fovea \($0)'? " } ?? ""
        return "there is no command '\(word)'; \(meant)(see 'fovea --help')"
    }
}
