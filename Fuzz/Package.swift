// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Fuzz",
    dependencies: [.package(name: "Fovea", path: "..")],
    // Built by `make fuzz`, which has all that is decoded instrumented too.
    targets: [
        .executableTarget(
            name: "fuzz-refinement", dependencies: [.product(name: "FoveaCodecs", package: "Fovea")],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"), .treatAllWarnings(as: .error),
            ])
    ]
)
