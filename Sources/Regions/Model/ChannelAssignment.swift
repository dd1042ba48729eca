internal import Faults
internal import VolumeModel

/// Which scan goes into which channel of a model, by what files are called.
enum ChannelAssignment {
    /// Names of the files of each modality, in BraTS's and others' ways.
    private static let names: [String: Set<String>] = [
        "flair": ["flair", "fla", "t2f", "t2flair"],
        "t1": ["t1", "t1n", "t1w", "t1pre"],
        "t1c": ["t1c", "t1ce", "t1gd", "t1post", "t1km"],
        "t2": ["t2", "t2w"],
    ]

    /// The modality a file's name speaks of, if it does.
    static func modality(of name: String) -> String? {
        for word in words(of: name).reversed() {
            if let known = names.first(where: { $0.value.contains(word) }) { return known.key }
        }
        return nil
    }

    /// The words of a file's name; its folders do not count.
    private static func words(of name: String) -> [String] {
        let file = name.split(separator: "/").last.map { $0.lowercased() } ?? ""
        return file.split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }

    /// Indices of the scans for each channel, and a remark where one had to be guessed.
    /// - Parameter scans: what the scans' files are called.
    /// - Throws: `SegmentationError.Code.channelMissing`.
    static func assign(_ scans: [String], to channels: [String], model: String) throws(SegmentationError) -> (
        [Int], remark: String?
    ) {
        let modalities = scans.map { modality(of: $0) }
        let found = channels.map { channel in
            modalities.firstIndex(of: channel)
                // A modality that is not among the known ones is named as the side-car names it.
                ?? scans.indices.first { modalities[$0] == nil && words(of: scans[$0]).contains(channel) }
        }
        let matched = found.compactMap { $0 }
        if matched.count == channels.count { return (matched, nil) }
        if channels.count == 1, let scan = scans.first {
            let other = modalities[0].map {
                "\(scan) looks like \($0) by its name, and the model \(model) was made for \(channels[0])"
            }
            return ([0], other)
        }
        if matched.isEmpty, modalities.allSatisfy({ $0 == nil }), scans.count == channels.count {
            return (Array(scans.indices), "the volumes are taken for \(channels.joined(separator: ", ")), in this order")
        }
        let missing = zip(channels, found).filter { $1 == nil }.map(\.0)
        throw SegmentationError(
            .channelMissing,
            "the model \(model) reads \(channels.joined(separator: ", ")), and none of the volumes is called \(missing.joined(separator: " or ")); name the files so, or give --mask or --box"
        )
    }
}
