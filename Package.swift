// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let sockets: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")

func library(_ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func system(_ name: String, _ pkgConfig: String, apt package: String, path: String? = nil) -> Target {
    .systemLibrary(name: name, path: path, pkgConfig: pkgConfig, providers: [.apt([package])])
}

let libraries: [Target] = [
    system("CDe265", "libde265", apt: "libde265-dev"),
    .target(name: "CNIfTI", linkerSettings: [.linkedLibrary("nifti2"), .linkedLibrary("znz"), .linkedLibrary("z")]),
    .systemLibrary(name: "COnnxRuntime"),
    system("CPNG", "libpng", apt: "libpng-dev"),
    system("CSeccomp", "libseccomp", apt: "libseccomp-dev"),
    system("CSRT", "srt", apt: "libsrt-openssl-dev"),
    system("CX265", "x265", apt: "libx265-dev"),
    system("CZlib", "zlib", apt: "zlib1g-dev"),
    system("CZstd", "libzstd", apt: "libzstd-dev"),
]

// The link simulator: a package of its own (netsim/Package.swift), whose parts are built here with everything else.
let simulator: [Target] = [
    library("Faults", path: "netsim/Sources/Faults"),
    library("Files", ["Faults"], path: "netsim/Sources/Files"),
    .target(name: "CNetSim", path: "netsim/Sources/CNetSim"),
    library("NetSim", ["CNetSim", "Faults", "Files"], path: "netsim/Sources/NetSim"),
    library("StrictYAML", ["Faults", "Files", yaml], path: "netsim/Sources/StrictYAML"),
    library("LinkProfiles", ["NetSim", "StrictYAML", "Faults", "Files"], path: "netsim/Sources/LinkProfiles"),
]

// The line a slice follows, from file to file.
let modules: [Target] = [
    library("Bytes", ["Faults", crypto]),
    library("Concurrency"),
    library("VolumeModel", ["Faults"]),
    library("NIfTIFile", ["VolumeModel", "Faults", "Files", "CZlib"]),
    library("HEVCDecoding", ["CDe265", "Faults"]),
    library("HEVCCodec", ["HEVCDecoding", "CX265", "Faults"]),
    .target(name: "CLinearRows"),
    library("ExactCodec", ["CLinearRows", "CZstd", "Faults"]),
    library("Decoding", ["HEVCDecoding", "ExactCodec", "CSeccomp", "Faults"]),
    library("WireFormat", ["VolumeModel", "Bytes", "Faults"]),
    library("Regions", ["VolumeModel", "NIfTIFile", "WireFormat", "Bytes", "Faults", "Files", "COnnxRuntime"]),
    library(
        "ProgressiveCoding",
        [
            "VolumeModel", "NIfTIFile", "HEVCDecoding", "HEVCCodec", "ExactCodec", "Decoding", "WireFormat", "Bytes", "Concurrency",
            "Faults", "Files",
        ]),
    library(
        "EncodingInput",
        ["VolumeModel", "NIfTIFile", "Regions", "ExactCodec", "ProgressiveCoding", "WireFormat", "Concurrency", "Faults"]),
    library("DecoderHost", ["Decoding", "ProgressiveCoding", "Concurrency", "CSeccomp", "Faults", "Files"]),
    library(
        "Archive",
        [
            "EncodingInput", "ProgressiveCoding", "Decoding", "DecoderHost", "NIfTIFile", "VolumeModel", "WireFormat", "Bytes",
            "Concurrency", "Faults", "Files",
        ]),
    library("Secrecy", ["Bytes", "Faults", "Files", crypto]),
    library("Congestion", ["WireFormat", "Concurrency"]),
    library("StreamSession", ["WireFormat", "Secrecy", "Congestion", "Concurrency", "Bytes", "Faults"]),
    library("Journal", ["Faults", "CZlib"]),
    library(
        "Receipts",
        ["VolumeModel", "NIfTIFile", "HEVCDecoding", "ProgressiveCoding", "WireFormat", "Bytes", "Faults", "Files", crypto]),
    library("SRTTransport", ["CSRT", "Faults"]),
    library("SessionRunner", ["Congestion", "StreamSession", "SRTTransport", "Secrecy", "WireFormat", "Faults"]),
    library("Profiles", ["HEVCDecoding", "HEVCCodec", "ExactCodec", "ProgressiveCoding", "StrictYAML", "Faults", "Files"]),
    library("HTTPService", sockets + ["Faults", "Files"]),
    library("Metrics", ["HTTPService", "Faults"]),
    library(
        "Transfer",
        [
            "VolumeModel", "ProgressiveCoding", "WireFormat", "StreamSession", "Congestion", "SRTTransport", "Secrecy", "Metrics",
            "Profiles",
            "Concurrency", "Faults",
        ]),
    library(
        "Sender",
        [
            "Transfer", "EncodingInput", "VolumeModel", "NIfTIFile", "Regions", "ProgressiveCoding", "WireFormat", "StreamSession",
            "Congestion",
            "SRTTransport", "SessionRunner", "Secrecy", "Metrics", "Profiles", "Bytes", "Concurrency", "Faults", "Files",
            "HEVCDecoding", "HEVCCodec", "ExactCodec",
        ]),
    library(
        "Receiver",
        [
            "Transfer", "Receipts", "VolumeModel", "NIfTIFile", "ProgressiveCoding", "WireFormat", "StreamSession", "SRTTransport",
            "SessionRunner", "Secrecy", "Journal", "Metrics", "Decoding", "DecoderHost", "Profiles", "Bytes", "Concurrency",
            "Faults", "Files", "HEVCDecoding", "HEVCCodec", "ExactCodec",
        ]),
    .target(
        name: "LiveView",
        dependencies: [
            "HTTPService", "Receiver", "Receipts", "Transfer", "Metrics", "Profiles", "StrictYAML", "ProgressiveCoding",
            "WireFormat",
            "NIfTIFile", "VolumeModel", "SRTTransport", "Bytes", "Concurrency", "Faults", "Files",
        ],
        exclude: ["Page"], swiftSettings: strict),
    library("Phantom", ["Faults"]),
    library("Terminal"),
    // What other programs import.
    library(
        "FoveaKit",
        [
            "Sender", "Receiver", "Receipts", "Archive", "EncodingInput", "Transfer", "DecoderHost", "Decoding", "HEVCDecoding",
            "ProgressiveCoding", "Regions", "VolumeModel", "NIfTIFile", "WireFormat", "StreamSession", "SRTTransport", "Secrecy",
            "Journal", "Profiles", "StrictYAML", "Terminal", "Bytes", "Concurrency", "ExactCodec", "Faults", "Files",
        ]),
    // What measures all of it.
    library(
        "Experiments",
        [
            "VolumeModel", "NIfTIFile", "Regions", "HEVCDecoding", "HEVCCodec", "ExactCodec", "Decoding", "ProgressiveCoding",
            "WireFormat", "StreamSession", "Congestion", "SRTTransport", "EncodingInput", "Transfer", "Sender", "Receiver",
            "Receipts", "Archive",
            "DecoderHost", "Metrics", "Profiles", "Phantom", "NetSim", "StrictYAML", "LinkProfiles", "Bytes", "Concurrency",
            "Faults",
            "Files",
        ]),
]

let programs: [Target] = [
    program(
        "fovea",
        [
            "FoveaKit", "VolumeModel", "NIfTIFile", "HEVCCodec", "Regions", "ProgressiveCoding", "WireFormat", "StreamSession",
            "ExactCodec",
            "Decoding", "DecoderHost", "HEVCDecoding", "StrictYAML", "LinkProfiles", "SRTTransport", "Secrecy", "Journal",
            "HTTPService", "Metrics", "EncodingInput", "Transfer", "Sender", "Receiver", "Receipts", "Archive", "Profiles",
            "LiveView", "Phantom", "NetSim", "Experiments", "Terminal", "Bytes", "Concurrency", "Faults", "Files", "CPNG",
            arguments,
        ]),
    program("fovea-decoder", ["Decoding"]),
    .executableTarget(
        name: "loopback", dependencies: ["FoveaKit"], path: "Examples/Loopback", packageAccess: false, swiftSettings: strict),
    program("netsim", ["NetSim", "StrictYAML", "LinkProfiles", "Faults", arguments], path: "netsim/Sources/netsim-cli"),
]

let testTargets: [Target] = [
    library("TestSupport", sockets, path: "Tests/TestSupport"),
    library(
        "HostileInput",
        [
            "VolumeModel", "NIfTIFile", "HEVCDecoding", "HEVCCodec", "ExactCodec", "Decoding", "WireFormat", "ProgressiveCoding",
            "StreamSession", "Congestion", "Journal", "DecoderHost", "Receiver", "Bytes", "Concurrency", "Faults",
        ], path: "Tests/HostileInput"),
    program("decoder-probe", ["Decoding"], path: "Tests/DecoderProbe"),
    tests("CongestionTests", ["Congestion", "WireFormat"]),
    tests("BytesTests", ["Bytes", "Faults"]),
    tests("ConcurrencyTests", ["TestSupport", "Concurrency"]),
    tests(
        "DecoderHostTests",
        [
            "DecoderHost", "Decoding", "ProgressiveCoding", "HEVCDecoding", "Concurrency", "Faults", "decoder-probe",
            "fovea-decoder",
        ]),
    tests("VolumeModelTests", ["TestSupport", "VolumeModel", "Faults"]),
    tests("NIfTIFileTests", ["TestSupport", "NIfTIFile", "VolumeModel", "Faults", "Files", "CNIfTI"]),
    tests(
        "RegionsTests",
        ["TestSupport", "Regions", "VolumeModel", "NIfTIFile", "Bytes", "Profiles", "StrictYAML", "Phantom", "Faults", "Files"]),
    tests("HEVCCodecTests", ["TestSupport", "HEVCDecoding", "HEVCCodec", "Faults"]),
    tests("EncodingInputTests", ["EncodingInput", "WireFormat"]),
    tests("ExactCodecTests", ["TestSupport", "ExactCodec", "CLinearRows", "Faults"]),
    tests("WireFormatTests", ["TestSupport", "WireFormat", "VolumeModel", "Bytes", "Faults"]),
    tests(
        "ProgressiveCodingTests",
        [
            "TestSupport", "HostileInput", "ProgressiveCoding", "HEVCDecoding", "HEVCCodec", "ExactCodec", "Decoding",
            "VolumeModel", "NIfTIFile", "WireFormat", "Bytes", "Concurrency", "Faults",
        ]),
    tests("SecrecyTests", ["TestSupport", "Secrecy", "Faults"]),
    tests("JournalTests", ["TestSupport", "Journal", "Faults"]),
    tests("HTTPServiceTests", ["TestSupport", "HTTPService", "Faults", "Files"]),
    tests("MetricsTests", ["TestSupport", "HTTPService", "Metrics", "Faults"]),
    tests(
        "FoveaKitTests",
        ["TestSupport", "FoveaKit", "Phantom", "Experiments", "NIfTIFile", "fovea-decoder", "loopback"]),
    tests("TransferTests", ["Transfer", "Metrics", "HTTPService", "WireFormat"]),
    tests("ReceiverTests", ["Receiver", "Sender", "VolumeModel", "WireFormat"]),
    tests(
        "LiveViewTests",
        [
            "TestSupport", "LiveView", "HTTPService", "Transfer", "Receiver", "Receipts", "Metrics", "ProgressiveCoding",
            "ExactCodec", "HEVCCodec", "Decoding", "VolumeModel", "NIfTIFile", "WireFormat", "SRTTransport", "Profiles", "Bytes",
            "Concurrency", "Faults", "fovea", "fovea-decoder", "netsim",
        ]),
    tests(
        "StreamSessionTests",
        ["Congestion", "TestSupport", "StreamSession", "VolumeModel", "Secrecy", "WireFormat", "NetSim", "Bytes", "Faults"]),
    tests("SRTTransportTests", ["SRTTransport", "NetSim", "Faults"]),
    tests(
        "SessionRunnerTests",
        ["Congestion", "SessionRunner", "StreamSession", "SRTTransport", "Secrecy", "WireFormat", "Bytes", "Faults"]),
    tests(
        "ProfilesTests",
        [
            "Profiles", "StrictYAML", "LinkProfiles", "Experiments", "ProgressiveCoding", "HEVCCodec", "NetSim", "Faults", "Files",
        ]),
    tests("PhantomTests", ["Phantom", "Faults"]),
    tests("TerminalTests", ["Terminal"]),
    tests(
        "ExperimentsTests",
        [
            "Experiments", "Profiles", "StrictYAML", "LinkProfiles", "ProgressiveCoding", "VolumeModel", "NIfTIFile", "WireFormat",
            "NetSim", "Phantom", "Transfer", "Sender", "Receiver", "Bytes", "Faults", "fovea-decoder",
        ]),
    tests("FilesTests", ["TestSupport", "Files", "Faults"]),
    tests("NetSimTests", ["NetSim", "Faults", "netsim"], path: "netsim/Tests/NetSimTests"),
    tests(
        "EndToEndTests",
        [
            "TestSupport", "HostileInput", "ExactCodec", "Decoding", "DecoderHost", "EncodingInput", "Transfer", "Sender",
            "Receiver", "Receipts", "Archive", "Regions", "Profiles", "ProgressiveCoding", "SessionRunner", "StreamSession",
            "Congestion",
            "Journal", "VolumeModel", "NIfTIFile", "Phantom", "SRTTransport", "WireFormat", "Bytes", "Concurrency", "Faults",
            "Files", "fovea", "fovea-decoder", "netsim",
        ]),
]

// Programs that measure parts from within (make bench, make bench-transport) and hand hostile input to every parser (make fuzz): built for those alone.
let benchmarks: [Target] = [
    system("CCharLS", "charls", apt: "libcharls-dev", path: "Benchmarks/Sources/CCharLS"),
    program(
        "transport-benchmark",
        ["Congestion", "SessionRunner", "StreamSession", "SRTTransport", "WireFormat", "Secrecy", "Bytes", "Faults", arguments],
        path: "Benchmarks/Sources/transport-benchmark"),
    program(
        "codec-benchmark", ["CCharLS", "ExactCodec", "NIfTIFile", "VolumeModel", "Faults", arguments],
        path: "Benchmarks/Sources/codec-benchmark"),
]

func fuzzer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    program(name, ["Fuzzing", "HostileInput"] + dependencies, path: "Fuzz/Sources/\(name)")
}

let fuzzers: [Target] = [
    library("Fuzzing", path: "Fuzz/Sources/Fuzzing"),
    fuzzer("fuzz-exact", ["ExactCodec", "NIfTIFile", "VolumeModel"]),
    fuzzer("fuzz-receiving", ["DecoderHost", "ProgressiveCoding"]),
    fuzzer("fuzz-journal", ["DecoderHost", "ProgressiveCoding"]),
    fuzzer("fuzz-datagrams", ["DecoderHost", "ProgressiveCoding"]),
    fuzzer("fuzz-worker", ["DecoderHost", "ProgressiveCoding"]),
]

let package = Package(
    name: "Fovea",
    products: [
        .library(name: "FoveaKit", targets: ["FoveaKit"]),
        .executable(name: "fovea", targets: ["fovea"]),
        .executable(name: "fovea-decoder", targets: ["fovea-decoder"]),
        .executable(name: "netsim", targets: ["netsim"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    ],
    targets: libraries + simulator + modules + programs + testTargets
        + (Context.environment["FOVEA_BENCHMARKS"] == nil ? [] : benchmarks)
        + (Context.environment["FOVEA_FUZZERS"] == nil ? [] : fuzzers),
    swiftLanguageModes: [.v6]
)
