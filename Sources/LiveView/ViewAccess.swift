internal import Foundation
internal import HTTPService

/// Who may look.
///
/// On a loopback address whoever can connect may; beyond it, who has the token of the address that the command prints. Other sites'
/// pages may never, whatever browser they are open in: in clear a request has to name this server by an address or `localhost` (a name
/// could have been bound to this address to get at it; over HTTPS the certificate rules that out), and a request that asks for something
/// to be done has to bear a word that only a page from here can have read.
struct ViewAccess: Sendable {
    /// In the page's address; nil on loopback.
    let token: String?
    /// The word that a POST has to bear.
    let requestWord = Self.random()
    private let port: UInt16
    private let isEncrypted: Bool

    init(isLoopback: Bool, port: UInt16, isEncrypted: Bool = false) {
        token = isLoopback ? nil : Self.random()
        self.port = port
        self.isEncrypted = isEncrypted
    }

    /// The scheme of the page's address.
    var scheme: String { isEncrypted ? "https" : "http" }

    /// The header that bears ``requestWord``.
    static let requestHeader = "x-fovea-request"

    private var cookieName: String { "fovea-view-\(port)" }

    /// 128 random bits in hexadecimal digits.
    private static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in String(format: "%016lx", generator.next() as UInt64) }.joined()
    }

    /// Returns the answer to give instead; nil where the request may be answered.
    func refusal(_ request: HTTPRequest) -> HTTPResponse? {
        guard isEncrypted || request.hasLiteralHost, let host = request.headers["host"] else { return .misdirected }
        // Browsers say so themselves where a request is another page's.
        if let site = request.headers["sec-fetch-site"], site != "same-origin", site != "none", request.path != "/" {
            return .forbidden("this is for the view's own page\n")
        }
        if let origin = request.headers["origin"], origin != "\(scheme)://\(host)" {
            return .forbidden("this is for the view's own page\n")
        }
        guard let token else { return nil }
        let offered = (request.path == "/" ? request.parameter("token") : nil) ?? cookie(of: request)
        guard let offered, Self.isEqual(offered, token) else {
            return .forbidden("open the address that the command has printed, with its token\n")
        }
        return nil
    }

    /// Tells whether a POST comes from a page from here.
    func isOwn(_ request: HTTPRequest) -> Bool { Self.isEqual(request.headers[Self.requestHeader] ?? "", requestWord) }

    /// Returns the headers that keep the token at the browser, once it has been given.
    func cookieHeaders() -> [(name: String, value: String)] {
        token.map { [("Set-Cookie", "\(cookieName)=\($0); Path=/; HttpOnly; SameSite=Strict" + (isEncrypted ? "; Secure" : ""))] }
            ?? []
    }

    private func cookie(of request: HTTPRequest) -> String? {
        for pair in (request.headers["cookie"] ?? "").split(separator: ";") {
            let parts = pair.trimmingCharacters(in: .whitespaces).split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0] == cookieName { return String(parts[1]) }
        }
        return nil
    }

    /// Tells whether two texts are the same, in a time that does not tell where they differ.
    static func isEqual(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        var difference = UInt8(a.count == b.count ? 0 : 1)
        for index in b.indices { difference |= b[index] ^ (index < a.count ? a[index] : 0) }
        return difference == 0
    }
}

extension HTTPResponse {
    static func forbidden(_ text: String) -> HTTPResponse { HTTPResponse(status: "403 Forbidden", text: text) }
}
