internal import Faults
internal import Foundation

/// Draws figures with gnuplot, each as SVG and PNG, and keeps the script beside them.
struct Gnuplot {
    /// Path of the folder for scripts and pictures.
    let folder: String
    /// The program; nil where it is not installed.
    let program: String?

    private static let environment = "FOVEA_GNUPLOT"
    private static let limit = Duration.seconds(60)

    /// Looks for the program: where FOVEA_GNUPLOT says, or along PATH.
    init(folder: String) {
        self.folder = folder
        let variables = ProcessInfo.processInfo.environment
        let places =
            variables[Self.environment].map { [$0] }
            ?? (variables["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map { "\($0)/gnuplot" }
        program = places.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Message to give where the program is not installed.
    static let missing =
        "gnuplot is not installed, so the report has no figures; Debian has it as gnuplot-nox, and --gather makes them then"

    /// A figure's script and size in points.
    struct Figure: Sendable {
        let name: String
        let width: Int
        let height: Int
        let caption: String
        let script: String
    }

    /// Draws a figure.
    /// - Throws: `ExperimentError.Code.figureFailed`, `.cannotWrite`.
    func draw(_ figure: Figure) throws {
        guard let program else { throw ExperimentError(.figureFailed, Self.missing) }
        let stem = "\(folder)/\(figure.name)"
        try OutputFile.write(figure.script, to: "\(stem).gp")
        let common = "size \(figure.width),\(figure.height) background rgb 'white' noenhanced"
        for (terminal, ending) in [("svg \(common) font 'sans-serif,13'", "svg"), ("pngcairo \(common) font 'sans,10'", "png")] {
            try run(
                program, ["-e", "set terminal \(terminal); set output \(Self.quoted("\(stem).\(ending)"))", "\(stem).gp"],
                figure.name)
        }
    }

    private func run(_ program: String, _ arguments: [String], _ name: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        let errors = Pipe()
        process.standardError = errors
        do { try process.run() } catch {
            throw ExperimentError(.figureFailed, "\(program) cannot be run: \(error.localizedDescription)")
        }
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let line = text.split(separator: "\n").last.map(String.init) ?? "no reason given"
            throw ExperimentError(.figureFailed, "gnuplot cannot draw '\(name)': \(line.trimmingCharacters(in: .whitespaces))")
        }
    }

    /// Text as gnuplot takes it.
    static func quoted(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: " "
            default: String(scalar)
            }
        }
        return "\"\(scalars.joined())\""
    }

    /// Colours that people with any colour vision tell apart (Okabe and Ito, 2008), and a dash pattern besides.
    static let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

    static func style(_ index: Int) -> String {
        "lc rgb '\(colours[index % colours.count])' dt \(index / colours.count % 4 + 1)"
    }

    /// The commands that every figure's script begins with.
    static let preamble = """
        set encoding utf8
        set border 3 lc rgb '#555555'
        set tics nomirror textcolor rgb '#333333'
        set grid lc rgb '#dddddd' lw 1
        set key outside bottom center horizontal maxrows 3 samplen 2

        """

    /// One legend below several panels: as many columns as its longest label lets stand side by side.
    struct Legend {
        private let columns: Int
        private let rows: Int

        init(_ labels: [String]) {
            let longest = labels.map(\.count).max() ?? 1
            columns = max(1, min(labels.count, 110 / (longest + 8)))
            rows = (labels.count + columns - 1) / columns
        }

        /// A figure's height in points, its panels being that high each.
        func height(panelHeight: Int, rows: Int) -> Int { panelHeight * rows + 20 * self.rows + 20 }

        /// Panels, and room for the legend below them.
        func panels(rows: Int, columns: Int, panelHeight: Int) -> String {
            let height = Double(height(panelHeight: panelHeight, rows: rows))
            let bottom = Double(20 * self.rows + 75) / height
            return "unset key\nset multiplot layout \(rows),\(columns) margins 0.1,0.98,\(bottom),\(1 - 35 / height) "
                + "spacing 0.1,\(90 / height)\n"
        }

        /// The legend, which the first panel shows.
        /// Vertical, since gnuplot lets a horizontal one be no wider than its panel.
        var key: String { "set key at screen 0.5,0.01 center bottom vertical maxrows \(rows) samplen 2\n" }
    }

    /// An axis that holds values with some room: logarithmic where they span more than a factor of four, else from zero.
    static func axis(_ name: String, _ values: [Double]) -> String {
        let finite = values.filter { $0.isFinite }
        guard let high = finite.max(), let low = finite.min(), high > 0 else {
            return "unset logscale \(name)\nset \(name)range [0:*]\n"
        }
        guard low > 0, high > 4 * low else {
            return
                "unset logscale \(name)\nset \(name)range [\(low > 0 ? 0 : -0.03 * high):\((low > 0 ? 1.15 : 1.03) * high)]\nset \(name)tics autofreq\n"
        }
        let ends = (low / 1.4, high * 1.4)
        // Tics at 1, 2 and 5 of each decade where that is not too many.
        let steps: [Double] = high / low < 200 ? [1, 2, 5] : [1]
        let decades = Int(log10(ends.0).rounded(.down))...Int(log10(ends.1).rounded(.up))
        let tics = decades.flatMap { decade in steps.map { $0 * pow(10, Double(decade)) } }.filter { $0 >= ends.0 && $0 <= ends.1 }
            .map { "\(quoted(String(format: "%g", $0))) \($0)" }
        return "set logscale \(name)\nset \(name)range [\(ends.0):\(ends.1)]\nset \(name)tics (\(tics.joined(separator: ", ")))\n"
    }

    /// Rows of numbers or quoted texts under a name.
    static func block(_ name: String, _ rows: [[String]]) -> String {
        "$\(name) << EOD\n" + rows.map { $0.joined(separator: " ") + "\n" }.joined() + "EOD\n"
    }
}
