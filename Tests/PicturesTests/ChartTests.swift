import Foundation
import Pictures
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

@Suite struct ChartTests {
    private func chart(_ values: [Double], isLogarithmic: Bool = false, legend: [String] = ["one & <two>"]) -> Chart {
        let points = values.enumerated().map { (x: Double($0.offset + 1), y: $0.element) }
        let curves = legend.indices.map { Chart.Curve(entry: $0, isDashed: $0 % 2 == 1, points: points) }
        return Chart(
            legend: legend, note: "a note", horizontalTitle: "epoch",
            panels: [Chart.Panel(title: "loss", isLogarithmic: isLogarithmic, curves: curves)])
    }

    @Test func theVectorFileIsWellFormed() throws {
        let elements = try parsed(chart([2.3, 1.1, 0.7, 0.61]).svg)
        #expect(elements.texts.contains("one & <two>"))
        #expect(
            elements.texts.contains("loss") && elements.texts.contains("epoch") && elements.texts.contains("a note"))
        // The axis is marked in steps of a half.
        #expect(["0.5", "1", "1.5", "2", "2.5"].allSatisfy(elements.texts.contains))
        #expect(elements.curves.count == 1)
        #expect(elements.curves.first?.count == 4)
    }

    /// A falling loss goes down: in both forms, y grows downwards.
    @Test func valuesLieWhereTheAxisSaysSo() throws {
        let curve = try #require(try parsed(chart([2, 1, 0]).svg).curves.first)
        #expect(abs((curve[0].x + curve[2].x) / 2 - curve[1].x) < 0.11)
        #expect(abs((curve[0].y + curve[2].y) / 2 - curve[1].y) < 0.11)
        #expect(curve[0].y < curve[2].y)
        let rates = try #require(try parsed(chart([1, 0.1, 0.01], isLogarithmic: true).svg).curves.first)
        #expect(abs((rates[0].y + rates[2].y) / 2 - rates[1].y) < 0.11)
    }

    @Test func whatIsNoNumberBreaksTheLine() throws {
        let curves = try parsed(chart([3, 2, .nan, 1, .infinity, 2]).svg).curves
        // A single value is a diamond.
        #expect(curves.map(\.count) == [2, 5, 5])
    }

    /// One value of 8e6 among losses of 1 to 2 does not flatten them.
    @Test func aValueFarOffDoesNotFlattenTheOthers() throws {
        let losses = (0..<20).map { 1 + Double($0) / 20 }
        let curve = try #require(try parsed(chart(losses + [8e6]).svg).curves.first)
        let heights = curve.dropLast().map(\.y)
        #expect((heights.max() ?? 0) - (heights.min() ?? 0) > 30)
        let last = try #require(curve.last)
        #expect(heights.allSatisfy { $0 > last.y })
    }

    @Test(arguments: [[], [.nan], [0], [1e17, 1e17], [-1e200, 1e200], [1e-12, 2e-12], [5]] as [[Double]])
    func strangeValuesStillGiveAChart(_ values: [Double]) throws {
        for isLogarithmic in [false, true] {
            let chart = chart(values, isLogarithmic: isLogarithmic)
            let texts = try parsed(chart.svg).texts
            #expect(!texts.contains("nan") && !texts.contains("inf"))
            #expect(chart.picture.width == 1440)
        }
    }

    /// Rounding once left of a dash a part too short to be drawn, and the drawing did not come to its end.
    @Test func dashesComeToTheirEnd() {
        let points = (0..<600).map { Point(x: 0.3 * Double($0), y: 10 * sin(2.1 * Double($0))) }
        let length = { (a: Point, b: Point) in ((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y)).squareRoot() }
        let whole = zip(points, points.dropFirst()).reduce(0) { $0 + length($1.0, $1.1) }
        let dashes = PixelSurface.dashes(points, on: 12, off: 8).map { length($0.0, $0.1) }
        #expect(dashes.allSatisfy { $0 > 0 && $0 < 12.001 })
        #expect(abs(dashes.reduce(0, +) / whole - 0.6) < 0.01)
    }

    /// The pixels show what the vector file says: a curve of the entry's colour at its places.
    @Test func pixelsAgreeWithTheVectorFile() throws {
        let chart = chart([2, 1, 0.5, 1.5], legend: ["a", "b"])
        let picture = chart.picture
        let curve = try #require(try parsed(chart.svg).curves.first)
        // The second curve, dashed, covers the first in parts: at its beginning it is drawn.
        let place = (Int(curve[0].y * 2) * picture.width + Int(curve[0].x * 2)) * 3
        #expect(Array(picture.bytes[place..<place + 3]) == [213, 94, 0])
        let blue = stride(from: 0, to: picture.bytes.count, by: 3).count {
            Array(picture.bytes[$0..<$0 + 3]) == [0, 114, 178]
        }
        #expect(blue > 100)
    }

    // MARK: Reading the file back

    private struct Elements {
        var texts: [String] = []
        /// Lines of width 2 below the legend.
        var curves: [[(x: Double, y: Double)]] = []
    }

    private func parsed(_ svg: String) throws -> Elements {
        let delegate = Reader()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = delegate
        #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "not well-formed")")
        return delegate.elements
    }

    private final class Reader: NSObject, XMLParserDelegate {
        var elements = Elements()
        private var text: String?

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            if name == "text" { text = "" }
            guard name == "polyline", attributes["stroke-width"] == "2", let list = attributes["points"] else { return }
            let points = list.split(separator: " ").map { pair in
                let numbers = pair.split(separator: ",").compactMap { Double($0) }
                return (x: numbers[0], y: numbers[1])
            }
            // The legend's samples are short and level.
            if points.allSatisfy({ $0.y == points[0].y }), points.count == 2, points[1].x - points[0].x == 28 { return }
            elements.curves.append(points)
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) { text? += string }

        func parser(
            _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
        ) {
            if name == "text", let text { elements.texts.append(text) }
            text = nil
        }
    }
}
