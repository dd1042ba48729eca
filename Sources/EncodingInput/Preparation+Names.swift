internal import Foundation
package import WireFormat

extension Preparation {
    /// File names without folders and endings, as they are.
    package static func titles(for paths: [String]) -> [String] {
        paths.map { path in
            var title = path.split(separator: "/").last.map(String.init) ?? "volume"
            for ending in [".gz", ".nii"] where title.lowercased().hasSuffix(ending) { title.removeLast(ending.count) }
            while title.utf8.count > VolumeManifest.titleByteCount { title.removeLast() }
            return title
        }
    }

    /// Names for the receiver's files, made of the titles: safe on any file system, of limited length, different from each other. Where a title is
    /// shortened or told from another, the suffix of the Brain Imaging Data Structure (`_T1w`, `_FLAIR`) stays at its end.
    package static func names(for paths: [String]) -> [Name] {
        var taken: Set<String> = []
        return titles(for: paths).map { title in
            var base = title
            if let ending = VolumeManifest.reservedEndings.first(where: base.hasSuffix) {
                base = base.dropLast(ending.count) + "-" + ending.dropFirst()
            }
            let (head, suffix) = parts(of: base)
            var number = 1
            while true {
                let mark = number > 1 ? "-\(number)" : ""
                let room = nameByteCount - mark.utf8.count - suffix.utf8.count
                let name = Name(cleaning: prefix(of: head, byteCount: room) + mark + suffix)
                // Some file systems do not tell capitals from small letters.
                if taken.insert(name.text.lowercased()).inserted { return name }
                number += 1
            }
        }
    }

    /// Leaves room for the endings of the files that the receiver writes.
    private static let nameByteCount = WireLimits.nameByteCount - 4

    /// The longest stretch from the last underscore that is taken for a suffix, in bytes.
    private static let suffixByteCount = 20

    private static func parts(of title: String) -> (head: String, suffix: String) {
        guard let underscore = title.lastIndex(of: "_"), underscore > title.startIndex else { return (title, "") }
        let suffix = title[underscore...]
        let isSuffix =
            suffix.utf8.count <= suffixByteCount && suffix.dropFirst().allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return isSuffix ? (String(title[..<underscore]), String(suffix)) : (title, "")
    }

    /// As many whole characters as there is room for, each byte of which becomes a byte of the name.
    private static func prefix(of text: String, byteCount: Int) -> String {
        var text = text
        while text.utf8.count > byteCount { text.removeLast() }
        return text
    }
}
