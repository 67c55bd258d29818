import Reduction
import Basics

extension ConfusionMatrix {
    /// Wider ones do not fit a terminal.
    private static let mostColumns = 20

    /// A row a label. Of more than 20 classes only the accuracy of each, and what it was most often taken for.
    package var table: String {
        let fits = classes <= Self.mostColumns
        let columns = fits ? (0..<classes).map { "\($0)" } : ["Most often taken for"]
        var table = TextTable(header: ["", "Label"] + columns + ["Samples", "Accuracy"])
        table.rightAligned = Set([0] + (fits ? Array(2..<classes + 4) : [3, 4]))
        table.rows = (0..<classes).map { label in
            let cells = fits ? (0..<classes).map { "\(self[label, $0])" } : [mistake(of: label)]
            let accuracy = accuracy(of: label).map { Figures.decimal($0, 4) } ?? "-"
            return ["\(label)", classNames[label]] + cells + ["\(samples[label])", accuracy]
        }
        return table.text
    }

    private func mistake(of label: Int) -> String {
        let others = (0..<classes).filter { $0 != label && self[label, $0] > 0 }
        guard let worst = others.max(by: { self[label, $0] < self[label, $1] }) else { return "-" }
        return "\(classNames[worst]) (\(self[label, worst]))"
    }
}
