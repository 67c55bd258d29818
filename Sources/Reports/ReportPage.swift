import Basics

/// A page of HTML about runs that needs nothing beside itself: style, script and data are in it.
public struct ReportPage {
    private let sections: [RunSection]

    public init(_ sections: [RunSection]) { self.sections = sections }

    public var html: String {
        get throws {
            let data = JSONValue.object(["runs": .array(sections.map(\.json))])
            // No text of the data may look like the end of its element.
            let text = try data.text().split(separator: "<", omittingEmptySubsequences: false).joined(
                separator: "\\u003c")
            var page = Self.text(PackageResources.report_html)
            for (mark, content) in [
                ("/*STYLE*/", Self.text(PackageResources.report_css)),
                ("/*SCRIPT*/", Self.text(PackageResources.report_js)), ("/*DATA*/", text),
            ] {
                let parts = page.split(separator: mark, maxSplits: 1, omittingEmptySubsequences: false)
                page = parts.joined(separator: content)
            }
            return page
        }
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
