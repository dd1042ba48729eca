/// The version of the program.
package enum FoveaVersion {
    /// As semver.org has it.
    package static let text = "0.1.0"
}
