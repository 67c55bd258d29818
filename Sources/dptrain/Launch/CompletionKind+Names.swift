import ArgumentParser
import ModelZoo
import Options
import Transforms

/// Names that shells offer.
extension CompletionKind {
    static var models: CompletionKind { .list(Zoo.models.map(\.name)) }
    static var recipes: CompletionKind { .list(Recipe.all.map(\.name)) }
    static var transforms: CompletionKind { .list(AugmentationList.names) }
}
