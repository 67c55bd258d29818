import Basics
import Models

extension KerasOperation {
    /// Of images and their windows.
    static let windows: [String: Reader] = [
        "Resize": { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            return .plain(try Resizing(keras: &operation.options))
        },
        "AveragePool": pool(.average), "MaxPool": pool(.max),
        "Pad": { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            try operation.options.require("mode", "constant")
            try operation.options.require("constant_values", 0)
            let widths = try operation.options.table("pad_width")
            guard widths.count == 4, widths.allSatisfy({ $0.count == 2 }), widths[0] == [0, 0], widths[3] == [0, 0]
            else {
                throw LayerError("Pad is supported above, below and beside images only, not by \(widths)")
            }
            return .zeroPadding(
                ZeroPadding2D(
                    Margins2D(top: widths[1][0], bottom: widths[1][1], left: widths[2][0], right: widths[2][1])))
        },
    ]

    private static func pool(_ kind: Pooling2D.Kind) -> Reader {
        { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            let size = try operation.options.requiredExtent("pool_size")
            try operation.options.requireChannelsLast()
            return .pooling(
                Pooling2D(
                    kind, size: size, stride: try operation.options.extent("strides"),
                    padding: try operation.options.padding()))
        }
    }
}
