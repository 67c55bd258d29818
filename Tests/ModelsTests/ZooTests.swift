import Models
import NumericCore
import Testing

@Suite struct ZooTests {
    @Test(arguments: [
        ("mlp", 669_706), ("simple-cnn", 72_906), ("simple-cnn-dropout", 72_906), ("lenet5", 61_706),
        ("lenet5-keras", 44_426), ("resnet-cifar-20-v1", 274_442), ("resnet-cifar-32-v1", 470_218),
        ("resnet-cifar-44-v1", 665_994), ("resnet-cifar-56-v1", 861_770), ("resnet-cifar-110-v1", 1_742_762),
        ("resnet-cifar-1202-v1", 19_558_378),
    ])
    func parameterCount(name: String, expected: Int) throws {
        #expect(try Zoo.model(named: name).network().parameterCount == expected)
    }

    @Test func everyModelFitsItsOwnInputAndClasses() throws {
        for model in Zoo.models {
            let network = try model.network()
            #expect(network.inputShape == model.input, "\(model.name)")
            #expect(network.outputShape == [model.classes], "\(model.name)")
        }
    }

    @Test func batchStatisticsAreNotTrainable() throws {
        let network = try Zoo.model(named: "resnet-cifar-20-v1").network()
        let statistics = network.parameters.filter { $0.specification.role == .statistic }
        #expect(statistics.reduce(0) { $0 + $1.specification.shape.count } == 1_376)
        #expect(network.trainableParameterCount == 273_066)
    }

    @Test func unknownNamesAreToldWhatExists() {
        let error = #expect(throws: NetworkError.self) { try Zoo.model(named: "lenet6") }
        #expect(error?.description.contains("lenet5-keras") == true)
        #expect(throws: NetworkError.self) { try Zoo.model(named: "resnet-cifar-21-v1") }
    }

    @Test func lenetPadsSmallImagesAndRefusesOthers() throws {
        let model = try Zoo.model(named: "lenet5")
        #expect(try model.network(ModelOptions(input: [28, 28, 1])).parameterCount == 61_706)
        let error = #expect(throws: NetworkError.self) { try model.network(ModelOptions(input: [30, 30, 1])) }
        #expect(error?.description.contains("30x30x1") == true)
    }

    @Test func regressionHasTheWidthsAskedFor() throws {
        let network = try Zoo.model(named: "ann-regression").network(ModelOptions(input: [5], hiddenUnits: [7, 3]))
        #expect(network.parameterCount == 5 * 7 + 7 + 7 * 3 + 3 + 3 + 1)
    }
}
