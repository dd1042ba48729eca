// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"), .treatAllWarnings(as: .error),
]

func target(_ name: String, _ products: String...) -> Target {
    .executableTarget(
        name: name, dependencies: ["Fuzzing"] + products.map { .product(name: $0, package: "Fovea") }, swiftSettings: strict)
}

let package = Package(
    name: "Fuzz",
    dependencies: [.package(name: "Fovea", path: "..")],
    // Built by `make fuzz`, which has all that is tried instrumented too.
    targets: [
        .target(name: "Fuzzing", swiftSettings: strict),
        target("fuzz-exact", "FoveaCodecs"),
        target("fuzz-receiving", "FoveaHostileInput"),
        target("fuzz-journal", "FoveaHostileInput"),
        target("fuzz-datagrams", "FoveaHostileInput"),
        target("fuzz-worker", "FoveaHostileInput"),
    ]
)
