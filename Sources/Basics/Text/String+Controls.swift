extension String {
    /// With line breaks and other control characters as Swift writes them, such as `\n`: names that files give stay in their line, and
    /// steer no terminal.
    package var withControlsEscaped: String {
        var text = ""
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: text += scalar.escaped(asASCII: true)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
