/// A text that fits into a width: what is too long ends in two dots.
struct TextLine {
    let text: String
    /// Units of length.
    let width: Double

    init(_ text: String, fitting limit: Double) {
        var shown = text
        var kept = text
        while PixelSurface.width(of: shown) > limit, kept.count > 1 {
            kept.removeLast()
            shown = kept + ".."
        }
        (self.text, width) = (shown, PixelSurface.width(of: shown))
    }
}
