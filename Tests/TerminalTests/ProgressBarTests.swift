import Terminal
import Testing

@Suite("The progress bar")
struct ProgressBarTests {
    /// A transfer of a megabyte at 1 Mbit/s, in steps of half a second.
    private func lines(on display: Display, shares: [Double]? = nil, label: String = "s1") -> [String] {
        var bar = ProgressBar()
        let shares = shares ?? (0...16).map { Double($0) / 16 }
        return shares.enumerated().compactMap { step, share in
            bar.line(
                WorkProgress(
                    label, share: share, byteCount: step * 62_500, totalByteCount: 1_000_000,
                    notes: share > 0.3 ? ["region there"] : []),
                at: Double(step) * 0.5, on: display)
        }
    }

    private func percent(_ line: String) throws -> Int {
        let words = line.split(separator: " ")
        let sign = try #require(words.firstIndex(of: "%"))
        return try #require(Int(words[sign - 1]))
    }

    @Test("It fits into one line at any width", arguments: [0, 1, 2, 5, 9, 20, 40, 60, 80, 132, 500])
    func width(_ columns: Int) {
        for line in lines(on: Display(width: columns), label: "20260101-120000-a1b2c3") {
            #expect(line.count <= max(0, columns - 1), "\(line)")
            #expect(!line.contains("\n") && !line.contains("\u{1B}"))
        }
    }

    @Test("A label in another script counts two columns a character")
    func wide() {
        for columns in 10...100 {
            for line in lines(on: Display(width: columns), label: "検査検査検査検査") {
                let used = line.unicodeScalars.reduce(0) { $0 + ($1.value > 0x3000 ? 2 : 1) }
                #expect(used < columns, "\(line)")
            }
        }
    }

    @Test("It never goes back, whatever the estimate does")
    func monotone() throws {
        let shares = [0, 0.3, 0.2, 0.5, 0.1, 0.7, .nan, 0.6, 1, 0.4]
        let percents = try lines(on: Display(), shares: shares).map(percent)
        #expect(percents == percents.sorted())
        #expect(percents.last == 100)
    }

    @Test("It shows the rate, the time left, the bytes and that the region is there")
    func figures() throws {
        let line = try #require(lines(on: Display(width: 120))[8...8].first)
        #expect(line.contains("1.00 Mbit/s"))
        #expect(line.contains("4 s left"))
        #expect(line.contains("500.0 kB of about 1000.0 kB"))
        #expect(line.contains("region there"))
        #expect(line.contains(" 50 %"))
    }

    @Test("On a narrow display the share and the time left stay, the rest goes")
    func narrow() throws {
        let line = try #require(lines(on: Display(width: 30)).dropFirst(8).first)
        #expect(line.contains("50 %") && line.contains("4 s left"))
        #expect(!line.contains("Mbit/s"))
    }

    @Test("Where the locale is not UTF-8 it is ASCII throughout")
    func ascii() {
        for line in lines(on: Display(width: 100, isUnicode: false), label: "tête") {
            #expect(line.allSatisfy { $0.isASCII }, "\(line)")
            #expect(line.hasPrefix("["))
        }
        #expect(lines(on: Display(width: 140, isUnicode: false)).last?.contains("[##############################]") == true)
    }

    @Test("A dumb terminal gets one line for each tenth")
    func dumb() {
        #expect(lines(on: Display(canRewrite: false)).count == 11)
    }

    @Test("It is drawn ten times a second at most, and at the end")
    func often() {
        var bar = ProgressBar()
        let drawn = (0...1000).filter {
            bar.line(WorkProgress("", share: Double($0) / 1000), at: Double($0) / 1000, on: Display()) != nil
        }
        #expect(drawn.count <= 12)
        #expect(drawn.last == 1000)
    }
}

@Suite("What a terminal can show")
struct DisplayTests {
    @Test("The locale is found as POSIX finds it")
    func locale() {
        func isUnicode(_ environment: [String: String]) -> Bool { Display(environment: environment, width: 80).isUnicode }
        #expect(isUnicode(["LANG": "de_CH.UTF-8"]))
        #expect(isUnicode(["LANG": "C", "LC_CTYPE": "C.utf8"]))
        #expect(!isUnicode(["LANG": "de_CH.UTF-8", "LC_ALL": "C"]))
        #expect(isUnicode(["LANG": "de_CH.UTF-8", "LC_ALL": ""]))
        #expect(!isUnicode([:]))
    }

    @Test("NO_COLOR and a dumb terminal get no escape sequences")
    func escapes() {
        #expect(Display(environment: ["TERM": "xterm"], width: 80).takesEscapes)
        #expect(!Display(environment: ["TERM": "xterm", "NO_COLOR": "1"], width: 80).takesEscapes)
        #expect(Display(environment: ["TERM": "xterm", "NO_COLOR": ""], width: 80).takesEscapes)
        #expect(Display(environment: ["TERM": "xterm", "NO_COLOR": "1"], width: 80).canRewrite)
        #expect(!Display(environment: ["TERM": "dumb"], width: 80).canRewrite)
        #expect(!Display(environment: ["TERM": "dumb"], width: 80).takesEscapes)
    }

    @Test("A terminal that does not know its width has 80 columns, or COLUMNS")
    func width() {
        #expect(Display(environment: ["TERM": "xterm"], width: nil).width == 80)
        #expect(Display(environment: ["TERM": "xterm"], width: 0).width == 80)
        #expect(Display(environment: ["TERM": "xterm", "COLUMNS": "44"], width: nil).width == 44)
        #expect(Display(environment: ["TERM": "xterm", "COLUMNS": "-3"], width: nil).width == 80)
        #expect(Display(environment: ["TERM": "xterm", "COLUMNS": "44"], width: 50).width == 50)
    }
}

@Suite("What is written on a command line")
struct ArgumentTests {
    @Test("Sizes are taken with and without units")
    func sizes() {
        let sizes: [String: Int] = [
            "0": 0, "17": 17, "1K": 1024, "1k": 1024, "1G": 1 << 30, "1GiB": 1 << 30, "1 GiB": 1 << 30, "2T": 2 << 40,
            "1.5M": 3 << 19,
            "1kB": 1000, "1GB": 1_000_000_000, "0.5 GB": 500_000_000, "9223372036854775807": .max,
        ]
        for (text, value) in sizes { #expect(ByteCount(text)?.value == value, "\(text)") }
        for text in [
            "", "G", "-1", "-1G", "1X", "1GG", "1e9", "0x10", "1,5G", "9223372036854775808", "8388608T", "nan", "inf", ".", "٣",
        ] {
            #expect(ByteCount(text) == nil, "\(text)")
        }
    }

    @Test("A word that is nearly right is found, another one is not")
    func suggestions() {
        let commands = [
            "demo", "send", "receive", "encode", "decode", "segment", "compare", "inspect", "phantom", "key", "experiment",
        ]
        let meant = [
            "sned": "send", "recieve": "receive", "recive": "receive", "Send": "send", "fantom": "phantom", "compair": "compare",
            "dekode": "decode", "experimant": "experiment",
        ]
        for (word, command) in meant { #expect(Suggestion.nearest(to: word, among: commands) == command, "\(word)") }
        for word in ["frobnicate", "xyz", "", "upload", "brain.nii.gz"] {
            #expect(Suggestion.nearest(to: word, among: commands) == nil, "\(word)")
        }
    }
}
