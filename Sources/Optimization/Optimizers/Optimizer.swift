import Basics

/// How gradients change weights: one of Keras's algorithms with its hyper-parameters. A value without state; what it
/// remembers between updates lives in slots, arenas as long as the weights they belong to.
///
/// A conformer declares what it is called, what may be chosen about it, and what Keras writes of it. Options, help,
/// configuration files, checkpoints and their Keras part follow from that once it stands in `OptimizerKind.all`.
public protocol Optimizer: Sendable {
    /// The word for it, as in `--optimizer sgd`.
    static var name: String { get }
    /// The class in `keras.optimizers`.
    static var kerasClass: String { get }
    /// The name that Keras gives an object of this class, the first part of its variables' paths.
    static var kerasName: String { get }
    /// Keras assigns an optimizer's variables by position, and orders them by the calls that add them. So many slots, from the first
    /// on, are added by one call: those of a parameter lie together.
    static var kerasSlotsTogether: Int { get }

    /// Keras's default for this class.
    static var defaultLearningRate: Double { get }
    /// Keras's default for this class.
    static var defaultWeightDecay: Double { get }
    /// What may be chosen, in the order in which help shows it.
    static var hyperparameters: [Hyperparameter<Self>] { get }

    /// With the default of every hyper-parameter.
    init()

    /// The norms that an update depends on, beside the parameter's own elements.
    static var neededNorms: Set<UpdateNorm> { get }

    /// What no hyper-parameter alone can tell.
    func validate() throws(OptionError)

    /// The slots in Keras's order, which is that of the pointers that `update` takes.
    var slots: [OptimizerSlot] { get }

    /// Turns gradients into directions, in place, where `neededNorms` has their norm. `update` is then given directions.
    /// Slots may change, weights do not.
    func direct(
        _ gradient: UnsafeMutablePointer<Float>, weights: UnsafePointer<Float>,
        slots: [UnsafeMutablePointer<Float>], count: Int, step: UpdateStep)

    /// Updates `count` weights in place. `gradient` and each slot hold as many values for them; `gradient` is a sum over
    /// samples. `slots` is made when slices are planned, so that a step allocates nothing. No two ranges overlap.
    ///
    /// Every element is updated on its own, by the same IEEE operations wherever it lies, so any cut of an arena into
    /// slices gives the same bits. What an element needs to know of others is in `step.norms`. Padding (weight and gradient zero) stays zero.
    func update(
        weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: [UnsafeMutablePointer<Float>], count: Int, step: UpdateStep)
}

/// What most optimizers have in common.
extension Optimizer {
    public static var kerasSlotsTogether: Int { 1 }
    public static var defaultWeightDecay: Double { 0 }

    public static var neededNorms: Set<UpdateNorm> { [] }

    public func validate() throws(OptionError) {}

    public func direct(
        _ gradient: UnsafeMutablePointer<Float>, weights: UnsafePointer<Float>,
        slots: [UnsafeMutablePointer<Float>], count: Int, step: UpdateStep
    ) {
        step.regularize(gradient, weights: weights, count: count)
    }
}

/// A value an optimizer keeps for every weight.
public struct OptimizerSlot: Hashable, Sendable {
    /// Keras's name for it: the last part of the variable's path, as in `adam/conv1_kernel_velocity`.
    public let name: String
    public let initialValue: Float

    public init(name: String, initialValue: Float) {
        self.name = name
        self.initialValue = initialValue
    }
}
