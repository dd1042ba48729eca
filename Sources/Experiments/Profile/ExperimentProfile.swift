public import Profiles
public import StrictYAML
public import NetSim
public import ProgressiveCoding
public import VolumeModel
public import WireFormat

/// An experiment: which transfers to make, as the product of its lists. `profiles/experiments/NAME.yaml`; Docs/Experiments.md has
/// the grammar.
public struct ExperimentProfile: Sendable {
    /// The source of a volume.
    public enum Source: Sendable, Equatable {
        /// A generated head, its labels as the mask; columns x rows x slices.
        case phantom(seed: UInt64, columns: Int, rows: Int, slices: Int)
        /// A NIfTI file.
        case file(String, Region)
    }

    /// The way in which a file's region of interest is found.
    public enum Region: Sendable, Equatable {
        /// By the model that comes with the program.
        case model
        /// Voxels above zero in a file.
        case mask(String)
        /// A box.
        case box(Box)
    }

    /// A volume by name.
    public struct Subject: Sendable, Equatable {
        /// Name of the volume in tables.
        public let name: String
        /// The source of the volume.
        public let source: Source
    }

    /// An encoding or transport profile and the text it was read from.
    public struct Named<Value: Sendable>: Sendable {
        /// Name of the profile in tables.
        public let name: String
        /// The value that the text gives.
        public let value: Value
        /// The file's bytes.
        public let contents: [UInt8]
    }

    /// When chunks are ready in virtual time.
    public enum Coding: String, Sendable, CaseIterable {
        /// As on the machine that `CodingTimes.reference` was measured on: the same on every machine.
        case reference
        /// As this machine takes, measured once for each volume, encoding and order.
        case measured
        /// At once: what the link alone takes.
        case instant
    }

    /// Name of the file, without folder and ending.
    public let name: String
    /// The file.
    public let path: String
    /// The file's bytes.
    public let contents: [UInt8]
    /// A line for a person.
    public let title: String
    /// The question that is asked, in sentences.
    public let question: String
    /// The volumes to send.
    public let subjects: [Subject]
    /// The encodings that volumes are coded with.
    public let encodings: [Named<EncodingSettings>]
    /// The transport profiles, which set how the link is used.
    public let transports: [Named<TransportProfile>]
    /// Which chunk goes before which.
    public let orders: [TransmissionOrder]
    /// Over which links.
    public let links: [Named<LinkParameters>]
    /// The seeds that decide over losses, one transfer each.
    public let seeds: [UInt64]
    /// The goal, which sets how far transfers go.
    public let goal: Goal
    /// When chunks are ready in virtual time.
    public let coding: Coding
    /// Voxels added around a mask on every side.
    public let margin: Int
    /// True when the report sets the figures beside the published ones.
    public let isBesidePublished: Bool
    /// Remarks that a person should know about what was left out.
    public let remarks: [String]

    /// The most transfers one experiment may have.
    public static let cellLimit = 100_000

    /// Number of transfers.
    public var cellCount: Int {
        [subjects.count, encodings.count, transports.count, orders.count, links.count, seeds.count].reduce(1, *)
    }

    /// Reads an experiment by name or path.
    /// - Parameter data: a folder in which relative paths of volumes and traces are looked up where the profile's own does not
    ///   have them.
    /// - Throws: `ProfileError`, with file and line.
    public static func load(_ nameOrPath: String, data: String? = nil) throws(ProfileError) -> ExperimentProfile {
        let path = try ProfileFolder.experiments.path(nameOrPath)
        var reader = ExperimentReader(root: try ProfileNode.read(path), path: path, data: data)
        return try reader.read()
    }
}

extension ExperimentProfile {
    init(_ reader: ExperimentReader, path: String, contents: [UInt8]) {
        name = ExperimentReader.stem(path)
        self.path = path
        self.contents = contents
        title = reader.title
        question = reader.question
        subjects = reader.subjects
        encodings = reader.encodings
        transports = reader.transports
        orders = reader.orders
        links = reader.links
        seeds = reader.seeds
        goal = reader.goal
        coding = reader.coding
        margin = reader.margin
        isBesidePublished = reader.isBesidePublished
        remarks = reader.remarks
    }
}
