internal import Faults
internal import CNetSim
import Glibc

/// Draws a link's log by gnuplot: what arrived and left against what the link can carry, and how long it took.
public enum LinkPlot {
    /// Draws `log` to `picture`, which appears whole or not at all.
    ///
    /// - Parameters:
    ///   - log: A file that a ``LinkLog`` was written to.
    ///   - picture: A path that ends in `.svg` or `.png`; a file there is replaced.
    /// - Throws: ``NetSimError``: `invalidParameter` for another ending; `noInput` for a log that is not there; `invalidLog`,
    ///   naming the line; `log` when the picture cannot be written; `unavailable` when gnuplot is missing or fails.
    public static func draw(log: String, to picture: String) throws {
        let terminal: String
        switch picture {
        case _ where picture.hasSuffix(".svg"): terminal = "svg"
        case _ where picture.hasSuffix(".png"): terminal = "pngcairo"
        default: throw NetSimError(.invalidParameter, "\(picture): a picture's name ends in .svg or .png")
        }
        guard access(log, R_OK) == 0 else { throw NetSimError.system(.noInput, "\(log): cannot be opened") }
        let reader = try LinkLogReader(path: log)
        let script = try PlotScript(header: reader.header, series: PlotSeries.gather(reader, file: log)).text(terminal: terminal)
        let (partial, input) = ("\(picture).\(getpid()).partial", "\(picture).\(getpid()).gnuplot")
        defer {
            unlink(partial)
            unlink(input)
        }
        try LogFile(path: input).append(script)
        try run(input, into: partial)
        guard rename(partial, picture) == 0 else { throw NetSimError.system(.log, "\(picture): cannot be written") }
    }

    private static func run(_ script: String, into picture: String) throws {
        let input = netsim_open_input(script)
        let output = netsim_create_file(picture)
        defer {
            for descriptor in [input, output] where descriptor >= 0 { close(descriptor) }
        }
        guard input >= 0, output >= 0 else { throw NetSimError.system(.log, "\(picture): cannot be written") }
        var gnuplot: ChildProcess
        do {
            gnuplot = try ChildProcess(["gnuplot"], input: input, output: output)
        } catch let error as NetSimError where error.code == .commandNotFound {
            throw NetSimError(.unavailable, "gnuplot is not installed; on Debian: apt install gnuplot-nox")
        }
        let status = gnuplot.wait()
        guard status == 0 else { throw NetSimError(.unavailable, "gnuplot has failed with status \(status)") }
    }
}
