import Basics
import Datasets
import DatasetCreation
import Foundation
import HDF5Storage
import TestSupport
import Testing

@Suite struct TableTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func table(_ text: String, _ name: String = "table.csv") throws -> String {
        let path = folder.path(name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func options(_ targets: [String], categorical: [String] = [], standardizes: Bool = false) -> TableOptions {
        var options = TableOptions()
        (options.targets, options.categorical, options.standardizes) = (targets, categorical, standardizes)
        return options
    }

    private func imported(
        _ text: String, _ options: TableOptions, name: String = "table.csv"
    ) throws -> (root: Group, summary: TableSummary) {
        let output = folder.path("out.h5")
        try? FileManager.default.removeItem(atPath: output)
        let summary = try TableImporter.importTable(from: table(text, name), into: output, options: options)
        return (try HDF5File.open(output).root, summary)
    }

    private func failure(_ text: String, _ options: TableOptions) throws -> String {
        let path = try table(text)
        do {
            let summary = try TableImporter.importTable(from: path, into: folder.path("none.h5"), options: options)
            return "no error: \(summary)"
        } catch {
            #expect(!FileManager.default.fileExists(atPath: folder.path("none.h5")))
            return "\(error)".replacingOccurrences(of: path, with: "TABLE")
        }
    }

    private let houses = "rooms,city,price\n3,Oslo,10.5\n4,Bergen,2e1\n5,Oslo,-1\n"

    @Test func numbersToPredict() throws {
        let (root, summary) = try imported(houses, options(["price"], categorical: ["city"]))
        #expect(summary.description.hasSuffix("out.h5: table, 3 train samples of 3 features, 1 target"))
        #expect(try root.dataset("train/features").shape == [3, 3])
        #expect(try root.dataset("train/features").read() as [Float] == [3, 0, 1, 4, 1, 0, 5, 0, 1])
        #expect(try root.dataset("train/targets").shape == [3, 1])
        #expect(try root.dataset("train/targets").read() as [Float] == [10.5, 20, -1])
        #expect(try root.attributes.strings("features") == ["rooms", "city=Bergen", "city=Oslo"])
        #expect(try root.attributes.strings("targets") == ["price"])
        let mean: [Float] = try root.attributes.values("mean")
        #expect(mean == [4, Float(1.0 / 3), Float(2.0 / 3)])
        let file = try DatasetFile.open(folder.path("out.h5"))
        #expect(try file.split(.train).sample == [3])
        #expect(file.classes == 0)
    }

    @Test func classesToPredict() throws {
        let (root, summary) = try imported(houses, options(["city"]))
        #expect(summary.classes == 2)
        #expect(try root.dataset("train/labels").read(as: Int32.self) == [1, 0, 1])
        #expect(try root.attributes.strings("classes") == ["Bergen", "Oslo"])
        #expect(try root.dataset("train/features").read() as [Float] == [3, 10.5, 4, 20, 5, -1])
        #expect(try DatasetFile.open(folder.path("out.h5")).classNames == ["Bergen", "Oslo"])
    }

    /// Numbers are classes where that is said, in the order of their size.
    @Test func numbersThatAreClasses() throws {
        let (root, _) = try imported("x,y\n1,10\n2,9\n3,10\n", options(["y"], categorical: ["y"]))
        #expect(try root.dataset("train/labels").read(as: Int32.self) == [1, 0, 1])
        #expect(try root.attributes.strings("classes") == ["9", "10"])
    }

    @Test func standardizedColumns() throws {
        let (root, _) = try imported("a,b,y\n1,7,0\n3,7,0\n", options(["y"], standardizes: true))
        #expect(try root.dataset("train/features").read() as [Float] == [-1, 7, 1, 7])
        let deviation: [Float] = try root.attributes.values("std")
        #expect(deviation == [1, 1])
    }

    /// Tabs, semicolons with decimal commas, quotes, a byte order mark, other line ends, spaces, and no names.
    @Test(arguments: [
        ("a\tb\ty\r\n1\t2,5\t3\r\n", ["a", "b"]), ("a;b;y\n1;2,5;3\n", ["a", "b"]),
        ("\u{FEFF}\"a\",\"b,\"\"c\"\"\",y\n\"1\",\"2.5\",3", ["a", "b,\"c\""]),
        (" a , b ,y\n 1, 2.5 ,3\n\n", ["a", "b"]),
        ("1,2.5,3\n", ["1", "2"]), ("a,b,y\r1,25e-1,+3\r", ["a", "b"]),
    ])
    func tablesAsPeopleKeepThem(_ text: String, _ names: [String]) throws {
        let target = names == ["1", "2"] ? "3" : "y"
        let (root, _) = try imported(text, options([target]))
        #expect(try root.attributes.strings("features") == names)
        #expect(try root.dataset("train/features").read() as [Float] == [1, 2.5])
        #expect(try root.dataset("train/targets").read() as [Float] == [3])
    }

    @Test(arguments: [
        ("a,y\n1,2\n,3\n", "y", "TABLE: line 3: column a has no value (''); fill it in"),
        ("a,y\n1,2\nNA,3\n", "y", "TABLE: line 3: column a has no value ('NA')"),
        ("a,y\n1,2\n3,nan\n", "y", "TABLE: line 3: column y has no value ('nan')"),
        ("a,y\n1,2\nx,3\n", "y", "TABLE: line 3: column a: 'x' is no number; if it has words, give --categorical a"),
        ("a,y\n1,2\n1e39,3\n", "y", "TABLE: line 3: column a: '1e39' is no number"),
        ("a,y\n1,2\n0x10,3\n", "y", "'0x10' is no number"), ("a,y\n1,2\ninf,3\n", "y", "'inf' is no number"),
        ("a,y\n1,2\n1.2.3,3\n", "y", "'1.2.3' is no number"), ("a;y\n1;2\n1.234,5;3\n", "y", "'1.234,5' is no number"),
        ("a,y\n1,2\n3\n", "y", "TABLE: line 3: it has 1 field in a table of 2 columns"),
        ("\"a\n\",y\n1,2\n\n4,5,6\n", "y", "TABLE: line 5: it has 3 fields"),
        ("a,y\n1,\"2\n", "y", "TABLE: line 2: a quote is opened and not closed"),
        ("a,a,y\n1,2,3\n", "y", "two columns are called a"), ("a,,y\n1,2,3\n", "y", "column 2 has no name"),
        (
            "price,rooms\n1,2\n", "prize",
            "--target: TABLE has no column 'prize' (did you mean price?); its columns are price, rooms"
        ),
        ("y\n1\n", "y", "--target: no column is left"), ("", "y", "TABLE: cannot be read: it is an empty table"),
        ("a,y\n", "y", "TABLE: cannot be read: it has no rows"),
    ])
    func badTablesAreRefusedByLine(_ text: String, _ target: String, _ reason: String) throws {
        let error = try failure(text, options([target]))
        #expect(error.contains(reason), "\(error)")
    }

    /// Neither memory nor time for what no table means.
    @Test func aLineOfMillionsOfColumnsIsRefused() throws {
        let names = String(repeating: "1,", count: 10_000_000)
        let error = try failure(names + "1\n", options(["1"]))
        #expect(error.contains("TABLE: line 1: it has more than 65536 columns"), "\(error.prefix(200))")
    }

    @Test func tablesMayBeLong() throws {
        let count = 20_000
        let rows = (0..<count).map { "\($0),\($0 % 7),\($0 % 2 == 0 ? "even" : "odd")" }
        let (root, _) = try imported("a,b,y\n" + rows.joined(separator: "\n"), options(["y"], categorical: ["b"]))
        let features = try root.dataset("train/features")
        #expect(features.shape == [count, 8])
        let values: [Float] = try features.read()
        #expect((0..<count).allSatisfy { values[$0 * 8] == Float($0) && values[$0 * 8 + 1 + $0 % 7] == 1 })
        #expect(try root.dataset("train/labels").read(as: Int32.self) == (0..<count).map { Int32($0 % 2) })
    }
}
