#!/bin/bash
# Training learns, and the generated images are worth learning: a small convolutional network tells them apart, and
# softmax regression, which sees no shapes, cannot.
# Tests/RunTests/learns.sh PATH-TO-DPTRAIN
source "$(dirname "$0")/support.sh"
limit=180

alone data generate --output data.h5 --train 20000 --test 2000 --seed 11 >output || exit 1
echo '{"class_name": "Sequential", "config": {"name": "softmax-regression", "layers": [
    {"class_name": "InputLayer", "config": {"name": "input", "batch_shape": [null, 32, 32, 3]}},
    {"class_name": "Flatten", "config": {"name": "flatten"}},
    {"class_name": "Dense", "config": {"name": "dense", "units": 10, "activation": "softmax"}}]}}' >softmax.json

# accuracy RUN SPLIT CONDITION: evaluates a run's last checkpoint; the condition is awk's, on the accuracy a.
accuracy() {
    alone evaluate "$1/latest.h5" --data data.h5 --split "$2" --json >output 2>&1 &&
        awk -v a="$(sed -En 's/.*"accuracy":([0-9.e-]+).*/\1/p' output)" "BEGIN { exit !(a > 0 && $3) }"
}

expect "simple-cnn" 0 "finished after 3 epochs" \
    ranks 2 --model simple-cnn --data data.h5 --epochs 3 --learning-rate 0.003 --output cnn
verdict "simple-cnn reaches 75 % of the test images" accuracy cnn test "a >= 0.75"

expect "softmax regression" 0 "finished after 10 epochs" \
    ranks 2 --model softmax.json --data data.h5 --epochs 10 --optimizer sgd --learning-rate 0.01 --momentum 0.9 \
    --schedule cosine --output softmax
verdict "softmax regression learns the training images better than chance" accuracy softmax train "a >= 0.2"
verdict "softmax regression stays at or below 45 % of the test images" accuracy softmax test "a <= 0.45"

finish
