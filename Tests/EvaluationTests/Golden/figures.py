"""What scikit-learn says of predictions, for FigureTests: figures.json.

60 samples of 3 classes, seed 3, scores in hundredths so that some are equal. Needs `pip install scikit-learn`. Usage: python figures.py
"""

import json
import os

import numpy
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, classification_report, confusion_matrix, roc_auc_score, roc_curve

generator = numpy.random.default_rng(3)
labels = generator.integers(0, 3, 60)
weights = generator.integers(1, 50, (60, 3)) + 40 * (numpy.arange(3) == labels[:, None])
scores = numpy.round(weights / weights.sum(axis=1, keepdims=True), 2)
scores[:, 0] = numpy.round(1 - scores[:, 1] - scores[:, 2], 2)
scores = scores.astype(numpy.float32)
predictions = scores.argmax(axis=1)
report = classification_report(labels, predictions, output_dict=True, zero_division=0)
confidences = scores.max(axis=1).astype(float)
accuracy, confidence = calibration_curve(labels == predictions, confidences, n_bins=10)


def of_class(label):
    positive = labels == label
    false, true, _ = roc_curve(positive, scores[:, label], drop_intermediate=False)
    return {
        "roc": [list(point) for point in zip(false.tolist(), true.tolist())],
        "roc_area": roc_auc_score(positive, scores[:, label]),
        "average_precision": average_precision_score(positive, scores[:, label]),
        "precision": report[str(label)]["precision"],
        "recall": report[str(label)]["recall"],
        "f1": report[str(label)]["f1-score"],
    }


golden = {
    "labels": labels.tolist(),
    "scores": [float(score) for score in scores.ravel()],
    "confusion": confusion_matrix(labels, predictions).ravel().tolist(),
    "accuracy": report["accuracy"],
    "macro_f1": report["macro avg"]["f1-score"],
    "weighted_f1": report["weighted avg"]["f1-score"],
    "classes": [of_class(label) for label in range(3)],
    "calibration": [list(point) for point in zip(confidence.tolist(), accuracy.tolist())],
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "figures.json"), "w") as file:
    json.dump(golden, file)
    file.write("\n")
