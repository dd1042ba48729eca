// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let sockets: Target.Dependency = .product(name: "FlyingSocks", package: "FlyingFox")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")

func library(_ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func system(_ name: String, _ pkgConfig: String, apt package: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

let package = Package(
    name: "Fovea",
    products: [
        .executable(name: "fovea", targets: ["fovea"]),
        .executable(name: "fovea-decoder", targets: ["fovea-decoder"]),
        .executable(name: "netsim", targets: ["netsim"]),
        // What Benchmarks/ measures from within.
        .library(name: "FoveaCodecs", targets: ["ExactCodec", "NIfTIFile", "VolumeModel"]),
        // What Fuzz/ hands to every parser.
        .library(name: "FoveaHostileInput", targets: ["HostileInput", "DecoderHost", "ProgressiveCoding"]),
        .library(name: "FoveaTransport", targets: ["SessionRunner", "StreamSession", "SRTTransport", "WireFormat", "Secrecy"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    ],
    targets: [
        // C libraries
        system("CDe265", "libde265", apt: "libde265-dev"),
        .target(name: "CNIfTI", linkerSettings: [.linkedLibrary("nifti2"), .linkedLibrary("znz"), .linkedLibrary("z")]),
        .systemLibrary(name: "COnnxRuntime"),
        system("CPNG", "libpng", apt: "libpng-dev"),
        system("CSeccomp", "libseccomp", apt: "libseccomp-dev"),
        system("CSRT", "srt", apt: "libsrt-openssl-dev"),
        system("CX265", "x265", apt: "libx265-dev"),
        system("CZlib", "zlib", apt: "zlib1g-dev"),
        system("CZstd", "libzstd", apt: "libzstd-dev"),

        // The line a slice follows, from file to file
        library("VolumeModel"),
        library("NIfTIFile", ["VolumeModel", "CZlib"]),
        library("Segmentation", ["VolumeModel", "COnnxRuntime", crypto]),
        library("HEVCDecoding", ["CDe265"]),
        library("HEVCCodec", ["HEVCDecoding", "CX265"]),
        library("ExactCodec", ["CZstd"]),
        library("Decoding", ["HEVCDecoding", "ExactCodec", "CSeccomp"]),
        library("WireFormat", ["VolumeModel", crypto]),
        library(
            "ProgressiveCoding", ["VolumeModel", "NIfTIFile", "HEVCDecoding", "HEVCCodec", "ExactCodec", "Decoding", "WireFormat"]),
        library("Secrecy", [crypto]),
        library("StreamSession", ["WireFormat", "Secrecy"]),
        library("Journal", ["CZlib"]),
        library("HTTPService", [sockets]),
        library("Metrics", ["HTTPService"]),
        library("SRTTransport", ["CSRT"]),
        library("SessionRunner", ["StreamSession", "SRTTransport", "Secrecy"]),
        library("Profiles", ["HEVCDecoding", "HEVCCodec", "ExactCodec", "ProgressiveCoding", "StrictYAML"]),
        library("DecoderHost", ["Decoding", "ProgressiveCoding", "CSeccomp"]),
        library(
            "Sites",
            [
                "VolumeModel", "NIfTIFile", "Segmentation", "ProgressiveCoding", "WireFormat", "StreamSession",
                "SRTTransport", "SessionRunner", "Secrecy", "Journal", "Metrics", "Decoding", "DecoderHost", "Profiles",
                "StrictYAML",
                "HEVCDecoding", "HEVCCodec", "ExactCodec", crypto,
            ]),
        .target(
            name: "LiveView",
            dependencies: [
                "HTTPService", "Sites", "Metrics", "Profiles", "StrictYAML", "ProgressiveCoding", "WireFormat", "NIfTIFile",
                "VolumeModel", "SRTTransport",
            ],
            exclude: ["Page"], swiftSettings: strict),
        library("Phantom"),
        library("Terminal"),

        // What measures all of it
        library(
            "Experiments",
            [
                "VolumeModel", "NIfTIFile", "Segmentation", "HEVCDecoding", "HEVCCodec", "ExactCodec", "Decoding",
                "ProgressiveCoding", "WireFormat", "StreamSession", "SRTTransport", "Sites", "DecoderHost", "Metrics", "Profiles",
                "Phantom",
                "NetSim", "StrictYAML", "LinkProfiles",
            ]),

        // The link simulator: a package of its own (netsim/Package.swift), whose parts are built here with everything else
        .target(name: "CNetSim", path: "netsim/Sources/CNetSim"),
        library("NetSim", ["CNetSim"], path: "netsim/Sources/NetSim"),
        library("StrictYAML", [yaml], path: "netsim/Sources/StrictYAML"),
        library("LinkProfiles", ["NetSim", "StrictYAML"], path: "netsim/Sources/LinkProfiles"),

        // Programs
        .executableTarget(
            name: "fovea",
            dependencies: [
                "VolumeModel", "NIfTIFile", "HEVCCodec", "Segmentation", "ProgressiveCoding", "WireFormat", "StreamSession",
                "ExactCodec", "Decoding", "DecoderHost", "HEVCDecoding", "StrictYAML", "LinkProfiles",
                "SRTTransport", "Secrecy", "Journal", "HTTPService", "Metrics", "Sites", "Profiles", "LiveView", "Phantom",
                "NetSim",
                "Experiments",
                "Terminal",
                "CPNG", arguments,
            ],
            swiftSettings: strict),
        .executableTarget(name: "fovea-decoder", dependencies: ["Decoding"], swiftSettings: strict),
        .executableTarget(
            name: "netsim", dependencies: ["NetSim", "StrictYAML", "LinkProfiles", arguments], path: "netsim/Sources/netsim-cli",
            swiftSettings: strict),

        // Tests
        library("TestSupport", path: "Tests/TestSupport"),
        library(
            "HostileInput",
            [
                "VolumeModel", "NIfTIFile", "HEVCDecoding", "HEVCCodec", "ExactCodec", "Decoding", "WireFormat",
                "ProgressiveCoding", "StreamSession", "Journal", "DecoderHost", "Sites",
            ], path: "Tests/HostileInput"),
        .executableTarget(
            name: "decoder-probe", dependencies: ["Decoding"], path: "Tests/DecoderProbe",
            swiftSettings: strict),
        tests(
            "DecoderHostTests", ["DecoderHost", "Decoding", "ProgressiveCoding", "HEVCDecoding", "decoder-probe", "fovea-decoder"]),
        tests("VolumeModelTests", ["TestSupport", "VolumeModel"]),
        tests("NIfTIFileTests", ["NIfTIFile", "VolumeModel", "CNIfTI"]),
        tests("SegmentationTests", ["TestSupport", "Segmentation", "VolumeModel", "Profiles", "StrictYAML", "Phantom"]),
        tests("HEVCCodecTests", ["TestSupport", "HEVCDecoding", "HEVCCodec"]),
        tests("ExactCodecTests", ["TestSupport", "ExactCodec"]),
        tests("WireFormatTests", ["TestSupport", "WireFormat", "VolumeModel"]),
        tests(
            "ProgressiveCodingTests",
            [
                "TestSupport", "HostileInput", "ProgressiveCoding", "HEVCDecoding", "HEVCCodec", "ExactCodec", "Decoding",
                "VolumeModel", "NIfTIFile",
                "WireFormat",
            ]),
        tests("SecrecyTests", ["TestSupport", "Secrecy"]),
        tests("JournalTests", ["TestSupport", "Journal"]),
        tests("HTTPServiceTests", ["TestSupport", "HTTPService"]),
        tests("MetricsTests", ["TestSupport", "HTTPService", "Metrics"]),
        tests(
            "LiveViewTests",
            [
                "TestSupport", "LiveView", "HTTPService", "Sites", "Metrics", "ProgressiveCoding", "ExactCodec", "HEVCCodec",
                "Decoding",
                "VolumeModel",
                "NIfTIFile",
                "WireFormat", "SRTTransport", "Profiles", "fovea", "fovea-decoder", "netsim",
            ]),
        tests("StreamSessionTests", ["TestSupport", "StreamSession", "VolumeModel", "Secrecy", "WireFormat", "NetSim"]),
        tests("SRTTransportTests", ["SRTTransport", "NetSim"]),
        tests("SessionRunnerTests", ["SessionRunner", "StreamSession", "SRTTransport", "Secrecy", "WireFormat"]),
        tests(
            "ProfilesTests",
            ["Profiles", "StrictYAML", "LinkProfiles", "Experiments", "ProgressiveCoding", "HEVCCodec", "NetSim"]),
        tests("PhantomTests", ["Phantom"]),
        tests("TerminalTests", ["Terminal"]),
        tests(
            "ExperimentsTests",
            [
                "Experiments", "Profiles", "StrictYAML", "LinkProfiles", "ProgressiveCoding", "VolumeModel", "NIfTIFile",
                "WireFormat", "NetSim", "Phantom", "Sites", "fovea-decoder",
            ]),
        tests("NetSimTests", ["NetSim", "netsim"], path: "netsim/Tests/NetSimTests"),
        tests(
            "EndToEndTests",
            [
                "TestSupport", "HostileInput", "ExactCodec", "Decoding", "DecoderHost", "Sites", "Profiles", "ProgressiveCoding",
                "SessionRunner", "StreamSession", "Journal", "VolumeModel", "NIfTIFile", "Phantom",
                "SRTTransport", "WireFormat", "fovea", "fovea-decoder", "netsim",
            ]),
    ],
    swiftLanguageModes: [.v6]
)
