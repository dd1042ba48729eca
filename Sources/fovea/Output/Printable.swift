extension String {
    /// The text without anything that steers a terminal: control and format characters become `?`, line ends stay.
    ///
    /// Names of files and what peers say end up in messages; whoever chose them shall not clear a screen or reorder a line.
    var printable: String {
        String(
            UnicodeScalarView(
                unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control: scalar == "\n" ? scalar : "?"
                    case .format, .lineSeparator, .paragraphSeparator: "?"
                    default: scalar
                    }
                }))
    }
}
