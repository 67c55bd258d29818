import Basics
import Models

extension ChannelScale: PlainKerasLayer {
    static let kerasClasses = ["LayerScale"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(initial: try options.number("init_values"))
        let input = options.inputs.first
        try options.require("projection_dim", .integer(input.map { $0[$0.rank - 1] } ?? 0))
        options.keep("projection_dim")
    }

    package var kerasModule: String? { "keras.src.applications.convnext" }

    package var kerasConfiguration: [String: JSONValue] { ["init_values": .decimal(initial)] }
}
