/// The version of the program.
public enum FoveaVersion {
    /// As semver.org has it.
    public static let text = "0.1.0"
}
