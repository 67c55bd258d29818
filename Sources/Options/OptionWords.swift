/// Words of other trainers for options of this one.
extension OptionDeclaration {
    private static let usualWords = [
        "arch": "model", "network": "model", "net": "model",
        "dataset": "data", "data-path": "data", "train-data": "data",
        "epoch": "epochs", "max-epochs": "epochs", "num-epochs": "epochs",
        "batch": "batch-size", "bs": "batch-size", "global-batch-size": "batch-size",
        "lr": "learning-rate",
        "lr-schedule": "schedule", "lr-scheduler": "schedule", "scheduler": "schedule",
        "warmup": "warm-up", "warmup-epochs": "warm-up",
        "opt": "optimizer", "wd": "weight-decay", "decay": "weight-decay",
        "clip-grad": "global-clip-norm", "grad-clip": "global-clip-norm", "clip-global-norm": "global-clip-norm",
        "global-clipnorm": "global-clip-norm", "clipnorm": "clip-norm", "clipvalue": "clip-value",
        "smoothing": "label-smoothing",
        "aug": "augment", "augmentation": "augment",
        "val-split": "validation-split",
        "workers": "readers", "num-workers": "readers",
        "out": "output", "output-dir": "output", "outdir": "output", "save-dir": "output", "logdir": "output",
    ]

    /// The option that people mean by such a word; nil for a word that means none. `_` stands for `-`, as in Python.
    package static func meant(by word: String) -> String? {
        let name = String(word.map { $0 == "_" ? "-" : $0 })
        if let option = usualWords[name] { return option }
        return name != word && TrainingOptions.table.contains { $0.name == name } ? name : nil
    }
}
