import HTTPService
import Testing

@Suite("What is a request")
struct RequestTests {
    private func parsed(_ text: String) -> HTTPRequest? { HTTPRequest(parsing: Array(text.utf8)) }

    @Test("A head is taken apart as it stands, nothing decoded")
    func parts() throws {
        let request = try #require(parsed("POST /a%2e/b?x=1&y=%20 HTTP/1.1\r\nHost: here:80\r\nA:  b c \r\na: d\r\n\r\n"))
        #expect(request.method == "POST")
        #expect(request.path == "/a%2e/b")
        #expect(request.parameter("x") == "1")
        #expect(request.parameter("y") == "%20")
        #expect(request.parameter("z") == nil)
        #expect(request.headers == ["host": "here:80", "a": "b c, d"])
    }

    @Test(
        "What is no head is none",
        arguments: [
            "", "GET\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\n: b\r\n\r\n",
            "GET / HTTP/1.1\r\nA b: c\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", "GET / HTTP/1.1\r\nA: \u{1}\r\n\r\n",
        ])
    func refused(text: String) { #expect(parsed(text) == nil) }
}
