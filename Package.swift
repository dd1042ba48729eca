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
        .executable(name: "netsim", targets: ["netsim"]),
        // What Benchmarks/ measures from within.
        .library(name: "FoveaCodecs", targets: ["ExactCodec", "NIfTIFile", "VolumeModel"]),
        // What Fuzz/ hands to every parser.
        .library(name: "FoveaHostileInput", targets: ["HostileInput", "Confinement", "ProgressiveCoding"]),
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
        library("HEVCCodec", ["CX265", "CDe265"]),
        library("ExactCodec", ["CZstd"]),
        library("WireFormat", ["VolumeModel", crypto]),
        library("ProgressiveCoding", ["VolumeModel", "NIfTIFile", "HEVCCodec", "ExactCodec", "WireFormat"]),
        library("Secrecy", [crypto]),
        library("StreamSession", ["WireFormat", "Secrecy"]),
        library("Journal", ["CZlib"]),
        library("HTTPService", [sockets]),
        library("Metrics", ["HTTPService"]),
        library("SRTTransport", ["CSRT"]),
        library("SessionRunner", ["StreamSession", "SRTTransport", "Secrecy"]),
        library("Profiles", ["VolumeModel", "WireFormat", "HEVCCodec", "ProgressiveCoding", "NetSim", yaml]),
        library("Confinement", ["HEVCCodec", "ExactCodec", "ProgressiveCoding", "CSeccomp"]),
        library(
            "Sites",
            [
                "VolumeModel", "NIfTIFile", "Segmentation", "ProgressiveCoding", "WireFormat", "StreamSession",
                "SRTTransport", "SessionRunner", "Secrecy", "Journal", "Metrics", "Confinement", "Profiles", "HEVCCodec", crypto,
            ]),
        .target(
            name: "LiveView",
            dependencies: [
                "HTTPService", "Sites", "Metrics", "Profiles", "ProgressiveCoding", "WireFormat", "NIfTIFile", "VolumeModel",
                "SRTTransport",
            ],
            exclude: ["Page"], swiftSettings: strict),
        library("Phantom"),
        library("Terminal"),

        // What measures all of it
        library(
            "Experiments",
            [
                "VolumeModel", "NIfTIFile", "Segmentation", "HEVCCodec", "ExactCodec", "ProgressiveCoding", "WireFormat",
                "StreamSession", "SRTTransport", "Sites", "Metrics", "Profiles", "Phantom", "NetSim",
            ]),

        // The link simulator
        .target(name: "CNetSim", path: "netsim/Sources/CNetSim"),
        library("NetSim", ["CNetSim"], path: "netsim/Sources/NetSim"),

        // Programs
        .executableTarget(
            name: "fovea",
            dependencies: [
                "VolumeModel", "NIfTIFile", "HEVCCodec", "Segmentation", "ProgressiveCoding", "WireFormat", "StreamSession",
                "Confinement",
                "SRTTransport", "Secrecy", "Journal", "HTTPService", "Metrics", "Sites", "Profiles", "LiveView", "Phantom",
                "NetSim",
                "Experiments",
                "Terminal",
                "CPNG", arguments,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "netsim", dependencies: ["NetSim", "Profiles", arguments], path: "netsim/Sources/netsim-cli",
            swiftSettings: strict),

        // Tests
        library("TestSupport", path: "Tests/TestSupport"),
        library(
            "HostileInput",
            [
                "VolumeModel", "NIfTIFile", "HEVCCodec", "ExactCodec", "WireFormat", "ProgressiveCoding", "StreamSession",
                "Journal",
                "Confinement", "Sites",
            ], path: "Tests/HostileInput"),
        .executableTarget(
            name: "decoder-probe", dependencies: ["Confinement", "ProgressiveCoding"], path: "Tests/DecoderProbe",
            swiftSettings: strict),
        tests("ConfinementTests", ["Confinement", "ProgressiveCoding", "decoder-probe"]),
        tests("VolumeModelTests", ["TestSupport", "VolumeModel"]),
        tests("NIfTIFileTests", ["NIfTIFile", "VolumeModel", "CNIfTI"]),
        tests("SegmentationTests", ["TestSupport", "Segmentation", "VolumeModel", "Profiles", "Phantom"]),
        tests("HEVCCodecTests", ["TestSupport", "HEVCCodec"]),
        tests("ExactCodecTests", ["TestSupport", "ExactCodec"]),
        tests("WireFormatTests", ["TestSupport", "WireFormat", "VolumeModel"]),
        tests(
            "ProgressiveCodingTests",
            [
                "TestSupport", "HostileInput", "ProgressiveCoding", "HEVCCodec", "ExactCodec", "VolumeModel", "NIfTIFile",
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
                "VolumeModel",
                "NIfTIFile",
                "WireFormat", "SRTTransport", "Profiles", "fovea", "netsim",
            ]),
        tests("StreamSessionTests", ["TestSupport", "StreamSession", "VolumeModel", "Secrecy", "WireFormat", "NetSim"]),
        tests("SRTTransportTests", ["SRTTransport", "NetSim"]),
        tests("SessionRunnerTests", ["SessionRunner", "StreamSession", "SRTTransport", "Secrecy", "WireFormat"]),
        tests("ProfilesTests", ["Profiles", "ProgressiveCoding", "HEVCCodec", "NetSim"]),
        tests("PhantomTests", ["Phantom"]),
        tests("TerminalTests", ["Terminal"]),
        tests(
            "ExperimentsTests",
            [
                "Experiments", "Profiles", "ProgressiveCoding", "VolumeModel", "NIfTIFile", "WireFormat", "NetSim", "Phantom",
                "Sites",
            ]),
        tests("NetSimTests", ["NetSim", "netsim"], path: "netsim/Tests/NetSimTests"),
        tests(
            "EndToEndTests",
            [
                "TestSupport", "HostileInput", "ExactCodec", "Sites", "Profiles", "ProgressiveCoding", "SessionRunner",
                "StreamSession", "Journal", "VolumeModel", "NIfTIFile", "Phantom",
                "SRTTransport", "WireFormat", "fovea", "netsim",
            ]),
    ],
    swiftLanguageModes: [.v6]
)
