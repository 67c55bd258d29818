import Basics
import Models

extension ChannelScale: PlainKerasLayer {
    static let kerasClasses = ["LayerScale"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(initial: try options.number("init_values"), channels: try options.integer("projection_dim"))
    }

    package var kerasModule: String? { "keras.src.applications.convnext" }

    package var kerasConfiguration: [String: JSONValue] {
        ["init_values": .decimal(initial), "projection_dim": .integer(channels)]
    }
}
