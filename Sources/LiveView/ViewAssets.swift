internal import Faults
internal import Files
internal import StrictYAML
internal import Foundation
internal import HTTPService
internal import Profiles

/// The page's files and NiiVue, read once: what is not in this table is not served.
struct ViewAssets: Sendable {
    struct Asset: Sendable {
        let contentType: String
        let bytes: [UInt8]
    }

    /// By path.
    let table: [String: Asset]

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    ]

    /// The page's own files.
    static let page = [
        "index.html", "view.css", "icon.svg", "main.js", "api.js", "orientation.js", "voxels.js", "window.js", "image.js",
        "planes.js",
        "rendering.js", "outline.js", "gestures.js", "svg.js", "timeline.js", "plots.js", "focus.js", "sessions.js", "viewstate.js",
        "shown.js", "owners.js", "arrivals.js", "choice.js", "fetching.js", "readout.js", "banner.js",
    ]

    /// Finds them beside the build or below an installation's prefix.
    /// - Throws: `LiveViewError.Code.notInstalled`.
    init() throws(LiveViewError) {
        var table: [String: Asset] = [:]
        let pages = InstalledFiles.places("Sources/LiveView/Page", shared: "share/fovea/view", environment: "FOVEA_VIEW")
        for name in Self.page {
            guard let bytes = Self.first(pages.map { "\($0)/\(name)" }) else {
                throw LiveViewError(
                    .notInstalled,
                    "the view's page is not installed (\(name)); set FOVEA_VIEW to the folder that came with the program")
            }
            table[name == "index.html" ? "/" : "/\(name)"] = Self.asset(name, bytes)
        }
        let viewers = InstalledFiles.places(
            ".niivue/niivue.js", shared: "share/fovea/niivue/niivue.js", environment: "FOVEA_NIIVUE")
        guard let niivue = Self.first(viewers) else {
            throw LiveViewError(.notInstalled, "NiiVue is not installed: run 'make setup', or set FOVEA_NIIVUE to its niivue.js")
        }
        table["/niivue.js"] = Self.asset("niivue.js", niivue)
        self.table = table
    }

    private static func first(_ paths: [String]) -> [UInt8]? {
        paths.lazy.compactMap { FileManager.default.contents(atPath: $0).map { Array($0) } }.first
    }

    private static func asset(_ name: String, _ bytes: [UInt8]) -> Asset {
        let ending = name.split(separator: ".").last.map(String.init) ?? ""
        return Asset(contentType: types[ending] ?? "application/octet-stream", bytes: bytes)
    }
}
