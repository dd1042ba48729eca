internal import Faults
internal import DecoderHost
internal import Foundation
internal import Profiles
internal import ProgressiveCoding
internal import Synchronization
internal import VolumeModel
internal import WireFormat

/// Makes an experiment's transfers, one after another, and keeps what came of them in a folder.
package struct Laboratory: Sendable {
    /// Options for the run of an experiment.
    package struct Options: Sendable {
        /// The folder for results.
        package var folder: String
        /// The way in which transfers are made.
        package var mode: Mode
        /// Which transfers to make; nil for all.
        package var cells: [Int]?
        /// True to keep the link's log of each transfer, in virtual time.
        package var recordsLinks = false
        /// A program that decodes confined, for transfers over sockets.
        package var decoderPath = DecoderProgram.path

        /// Makes options.
        package init(folder: String, mode: Mode) {
            self.folder = folder
            self.mode = mode
        }
    }

    /// Progress of a run.
    package struct Progress: Sendable {
        /// Transfers whose results are there.
        package let finished: Int
        /// Transfers there are to be.
        package let total: Int
        /// Label of what is being done.
        package let label: String
        /// As far as can be told from those made so far.
        package let secondsLeft: Double?
    }

    /// The experiment.
    package let profile: ExperimentProfile
    /// Options of the run.
    package let options: Options
    /// Every transfer.
    package let cells: [Cell]

    /// - Throws: `ExperimentError.Code.usage` for transfers that the experiment does not have.
    package init(_ profile: ExperimentProfile, _ options: Options) throws {
        self.profile = profile
        self.options = options
        cells = Cell.all(of: profile)
        if let wrong = options.cells?.first(where: { !cells.indices.contains($0) }) {
            throw ExperimentError(.usage, "there is no cell \(wrong); '\(profile.name)' has 0 to \(cells.count - 1)")
        }
    }

    /// Results of all transfers go into one file; those of some into one of their own, so that many programs can work on one
    /// experiment.
    private var log: ResultLog {
        guard let chosen = options.cells, let first = chosen.min(), let last = chosen.max() else { return mainLog }
        return ResultLog(path: "\(options.folder)/parts/results-\(first)-\(last).jsonl")
    }
    private var mainLog: ResultLog { ResultLog(path: "\(options.folder)/results.jsonl") }

    /// Every transfer's parameters, a row each, without making any.
    /// - Throws: what finding the volumes throws.
    package func list() throws -> [Row] {
        let subjects = try subjects()
        return cells.map { Row($0, of: profile, subjects[$0.subject], mode: options.mode, sourceByteCount: nil) }
    }

    private func subjects() throws -> [Subject] {
        try profile.subjects.map { try Subject.prepare($0, in: "\(options.folder)/volumes") }
    }

    /// Makes the transfers whose results are not there yet.
    /// - Returns: how many were made, and how many of all that were to be made ended early.
    /// - Throws: what parts throw that no transfer can be made without; `CancellationError`. A transfer that ends early is a
    ///   result.
    package func run(onProgress: @escaping @Sendable (Progress) -> Void) async throws -> (made: Int, failed: Int) {
        try OutputFile.makeFolder(options.folder)
        try OutputFile.makeFolder((log.path as NSString).deletingLastPathComponent)
        try OutputFile.makeFolder("\(options.folder)/cells")
        if options.cells == nil { try OutputFile.write(profile.contents, to: "\(options.folder)/experiment.yaml") }
        try log.mend()
        try log.touch()
        let subjects = try subjects()
        let wanted = options.cells.map { chosen in chosen.map { cells[$0] } } ?? cells
        let there = Set(try everyRow().map { $0.text("key") })
        let rows = wanted.map { Row($0, of: profile, subjects[$0.subject], mode: options.mode, sourceByteCount: nil) }
        let open = zip(wanted, rows).filter { !there.contains($1.text("key")) }
        let store = CodingStore(
            folder: "\(options.folder)/coding", goal: profile.goal, margin: profile.margin,
            decoderPath: options.decoderPath)
        // Sockets and a relay want the machine for themselves.
        let width = options.mode == .virtual ? max(1, ProcessInfo.processInfo.activeProcessorCount) : 1
        let clock = ContinuousClock()
        let start = clock.now
        var made = 0
        while made < open.count {
            try Task.checkCancellation()
            let batch = Array(open[made..<min(open.count, made + width)])
            let left = made > 0 ? (clock.now - start) / .seconds(1) / Double(made) * Double(open.count - made) : nil
            onProgress(
                Progress(
                    finished: wanted.count - open.count + made, total: wanted.count, label: batch[0].1.label, secondsLeft: left))
            let finished = try await withThrowingTaskGroup(of: (Int, Row).self) { group in
                for (place, (cell, row)) in batch.enumerated() {
                    group.addTask { (place, try await make(cell, row, subjects[cell.subject], store)) }
                }
                var finished: [Int: Row] = [:]
                for try await (place, row) in group { finished[place] = row }
                return finished
            }
            // In the experiment's order, whichever was made first.
            for place in batch.indices { if let row = finished[place] { try log.append(row) } }
            made += batch.count
        }
        onProgress(Progress(finished: wanted.count, total: wanted.count, label: "", secondsLeft: 0))
        let keys = Set(rows.map { $0.text("key") })
        let failed = try everyRow().filter { keys.contains($0.text("key")) && $0.text("state") != "complete" }
        return (made, failed.count)
    }

    private func make(_ cell: Cell, _ parameters: Row, _ subject: Subject, _ store: CodingStore) async throws -> Row {
        let entry = try await store.entry(subject, cell.encoding)
        let record: TransferRecord
        switch options.mode {
        case .virtual: record = try await simulate(cell, parameters, subject, entry, store)
        case .real: record = try await transfer(cell, parameters, subject, store)
        }
        let measures = try Measures(record, entry.coded, entry.quality)
        var row = parameters
        row.add(record, measures, entry, base: try Measures.base(entry.coded, entry.quality))
        let text = TransferLog.text(parameters, record, measures, entry.coded, peak: entry.quality.peak)
        try OutputFile.write(text, to: "\(options.folder)/cells/\(parameters.text("key")).csv")
        return row
    }

    private func simulate(_ cell: Cell, _ parameters: Row, _ subject: Subject, _ entry: CodingStore.Entry, _ store: CodingStore)
        async throws -> TransferRecord
    {
        let times = try await store.times(subject, cell.encoding, cell.order, profile.coding)
        let coded = CodedVolume(entry.coded, times: times)
        var setup = VirtualTransfer.Setup(
            link: cell.link.value, seed: cell.seed, transport: cell.transport.value, goal: profile.goal,
            chunks: coded.transferChunks(order: cell.order), suppliedAt: times.supplied, outcomes: coded.table.outcomes,
            prerequisites: try coded.prerequisites(), receiver: times.receiver)
        setup.recordsLink = options.recordsLinks
        let outcome = try VirtualTransfer.run(setup)
        if let log = outcome.linkLog {
            try OutputFile.write(log, to: "\(options.folder)/cells/\(parameters.text("key")).link.log")
        }
        return outcome.record
    }

    private func transfer(_ cell: Cell, _ parameters: Row, _ subject: Subject, _ store: CodingStore) async throws -> TransferRecord
    {
        let folder = "\(options.folder)/received"
        // A run that was killed may have left the same transfer half received.
        try? FileManager.default.removeItem(atPath: "\(folder)/\(parameters.text("key"))")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var setup = RelayedTransfer.Setup(
            preparation: await store.preparation(subject, cell.encoding.value, cell.order), transport: cell.transport.value,
            link: cell.link.value, seed: cell.seed, folder: folder, session: Name(cleaning: parameters.text("key")))
        setup.decoderPath = options.decoderPath
        do {
            return try await RelayedTransfer.record(setup).record
        } catch {
            if Task.isCancelled || error is CancellationError { throw CancellationError() }
            var record = TransferRecord()
            record.failure = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
            return record
        }
    }

    /// Every result in the folder, those of parts too.
    private func everyRow() throws -> [Row] {
        let parts = ((try? FileManager.default.contentsOfDirectory(atPath: "\(options.folder)/parts")) ?? []).sorted()
        let logs = [mainLog] + parts.filter { $0.hasSuffix(".jsonl") }.map { ResultLog(path: "\(options.folder)/parts/\($0)") }
        return try logs.flatMap { try $0.rows() }
    }

    /// The results of this very experiment, one for each transfer, in its order.
    /// - Throws: `ExperimentError.Code.invalidResults` where some are missing.
    package func results() throws -> [Row] {
        let all = Dictionary(try everyRow().map { ($0.text("key"), $0) }) { $1 }
        let wanted = try list()
        let found = wanted.compactMap { wanted -> Row? in
            guard var row = all[wanted.text("key")] else { return nil }
            row["cell"] = wanted["cell"]
            return row
        }
        guard found.count == wanted.count else {
            let first = wanted.first { all[$0.text("key")] == nil }
            throw ExperimentError(
                .invalidResults,
                "\(wanted.count - found.count) of \(wanted.count) transfers have no result in \(options.folder) yet, "
                    + "cell \(first.map { Row.csv($0["cell"]) } ?? "?") among them; run them first"
            )
        }
        return found
    }
}

extension Row {
    /// Name of the transfer for a person.
    var label: String {
        [text("volume"), text("encoding"), text("order"), text("link"), "seed \(text("seed"))"].joined(separator: ", ")
    }
}
