// swift-tools-version: 6.2
import PackageDescription

// The link simulator alone: no codec, no transport, nothing of a patient's. Fovea's own package builds the same parts with everything else, so that one
// program holds all tests; what is changed here is changed there ("make check" builds both).
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "netsim",
    products: [
        .executable(name: "netsim", targets: ["netsim"]),
        .library(name: "NetSim", targets: ["NetSim", "LinkProfiles"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "CNetSim"),
        .target(name: "Faults", swiftSettings: strict),
        .target(name: "Files", dependencies: ["Faults"], swiftSettings: strict),
        .target(name: "NetSim", dependencies: ["CNetSim", "Faults", "Files"], swiftSettings: strict),
        .target(
            name: "StrictYAML", dependencies: ["Faults", "Files", .product(name: "Yams", package: "Yams")], swiftSettings: strict),
        .target(name: "LinkProfiles", dependencies: ["NetSim", "StrictYAML", "Faults", "Files"], swiftSettings: strict),
        .executableTarget(
            name: "netsim",
            dependencies: [
                "NetSim", "StrictYAML", "LinkProfiles", "Faults",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/netsim-cli", swiftSettings: strict),
        .testTarget(name: "NetSimTests", dependencies: ["NetSim", "Faults", "netsim"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
