#!/bin/bash
# Transfer learning by options: frozen layers, a new classifier, factors of the rate, and layers that train later. The bits do
# not depend on ranks, nor on where a run was stopped: Tests/RunTests/transfer.sh PATH-TO-DPTRAIN
golden=$(realpath "$(dirname "$0")/../Golden/Keras")
source "$(dirname "$0")/support.sh"

alone data generate --output data.h5 --train 96 --test 16 --seed 1 >/dev/null
alone --model simple-cnn --data data.h5 --batch-size 16 --epochs 1 --output first >/dev/null 2>&1
# Adam, since its slots and its count of updates begin anew.
run=(--model simple-cnn --data data.h5 --weights first/latest.h5 --replace-top 11 --freeze '!*_new' --unfreeze-at-epoch 2
    --unfreeze-rate 0.5 --rate-factor 'conv*=0.25' --batch-size 16 --epochs 4 --shards 8
    --checkpoint-every-steps 4 --keep 100)

expect "the two-phase recipe" 0 'frozen layers train from here on' alone "${run[@]}" --output one
for count in 2 3 8; do
    expect "the recipe on $count ranks" 0 'finished after 4 epochs' ranks $count "${run[@]}" --output "ranks-$count"
    verdict "$count ranks: the bits of one" same_run one "ranks-$count"
done
# Six steps an epoch: in the first phase, between the phases, in the second.
for step in 08 12 16 18; do
    mkdir "from-$step"
    cp one/config.toml one/log.jsonl "from-$step"
    cp "one/step-000000$step.h5" "from-$step"
    expect "resume at step $step" 0 'finished after 4 epochs' ranks 3 --resume "from-$step/step-000000$step.h5" --output "from-$step"
    verdict "resumed at step $step: the bits of one run" cmp one/latest.h5 "from-$step/latest.h5"
done
expect "a frozen run is verified" 0 'step-00000012.h5: whole' alone checkpoint verify one/*.h5

# What is frozen keeps its bits; what is not changes.
tensor() { grep -E "$2" <(alone checkpoint diff "$1" "$3") >/dev/null; }
frozen_stays() { ! tensor one/step-00000000.h5 'conv2d' one/step-00000012.h5; }
top_trains() { tensor one/step-00000000.h5 'dense_new/kernel' one/step-00000012.h5; }
all_train() { tensor one/step-00000012.h5 'conv2d/kernel' one/latest.h5; }
verdict "frozen layers keep their weights" frozen_stays
verdict "the new classifier trains" top_trains
verdict "unfrozen layers train" all_train
slots() { alone checkpoint inspect "$1" | grep -c 'conv2d/kernel (momentum)'; }
no_frozen_slots() { [[ $(slots one/step-00000012.h5) = 0 && $(slots one/latest.h5) = 1 ]]; }
verdict "frozen layers have no memory in the optimizer" no_frozen_slots

expect "a pattern that fits nothing" 1 'nosuch\* fits no layer of simple-cnn' alone "${run[@]:0:8}" --freeze 'nosuch*' --output no
expect "nothing left to train" 1 'no weights to train' alone --model simple-cnn --data data.h5 --freeze '*' --output no
expect "nothing to unfreeze" 1 'no layer of simple-cnn is frozen' alone --model simple-cnn --data data.h5 --unfreeze-at-epoch 1 --output no
expect "two ways to say it" 64 'freeze says already which layers train' alone --model simple-cnn --data data.h5 --freeze a --train-only b --output no
expect "factors that are none" 64 "is not a list of patterns with positive factors" alone --model simple-cnn --data data.h5 --rate-factor 'a=-1' --output no

expect "weights that were trained on other values" 0 'first/latest.h5: its run took values that are divided by 255, but this run.s are from 0:255 to -1:1' \
    alone --model simple-cnn --data data.h5 --weights first/latest.h5 --normalization tf --epochs 1 --batch-size 16 --output other

# Weights as they are published bring their preprocessing with them, unless an option says otherwise.
pretrained=(--model mobilenet-v2 --data data.h5 --batch-size 16 --steps-per-epoch 1 --epochs 1 --batch-norm global)
alone "${pretrained[@]}" --classes 1000 --output published >/dev/null 2>&1
alone checkpoint export published/latest.h5 --output published.weights.h5 >/dev/null
expect "published weights" 0 "published.weights.h5: pretrained weights of keras.applications' MobileNetV2 take values that are from 0:255 to -1:1 .tf., so" \
    alone "${pretrained[@]}" --init-from published.weights.h5 --output prepared
expect "a resumed run prepares samples in the same way" 0 'input .*from 0:255 to -1:1 .tf.' ranks 2 --resume --output prepared --epochs 2
expect "an option comes first" 0 'warning .*take values that are from 0:255 to -1:1 .tf., but this run.s are divided by 255' \
    alone "${pretrained[@]}" --init-from published.weights.h5 --normalization unit --output prepared-otherwise

# What frozen layers make of samples, computed once: other sums than in training, since a batch norm is folded and shards differ.
body=("${run[@]:0:8}" --freeze '!*_new' --batch-size 16 --epochs 3 --shards 8 --checkpoint-every-steps 4 --keep 100)
expect "a frozen body in each step" 0 'finished after 3 epochs' alone "${body[@]}" --output slow
expect "its features kept" 0 'input .*the frozen layers up to [a-z0-9_]*, computed once' alone "${body[@]}" --cache-features --output kept
for count in 3 8; do
    expect "features on $count ranks" 0 'finished after 3 epochs' ranks $count "${body[@]}" --cache-features --output "kept-$count"
    verdict "$count ranks: the bits of one" same_run kept "kept-$count"
done
mkdir kept-from
cp kept/config.toml kept/log.jsonl kept/step-00000008.h5 kept-from
expect "features of a resumed run" 0 'finished after 3 epochs' ranks 2 --resume kept-from/step-00000008.h5 --output kept-from
verdict "resumed: the bits of one run" cmp kept/latest.h5 kept-from/latest.h5
# near A B: whether the losses of all epochs agree to 1e-5.
losses() { grep '"event":"epoch"' "$1/log.jsonl" | grep -oE '"(val_)?loss":[0-9.e-]+'; }
near() {
    paste <(losses "$1") <(losses "$2") | awk -F'[:\t]' '
        NF != 4 || ($2 - $4) ^ 2 > 1e-10 * $4 ^ 2 { far = 1 } END { exit far || NR != 6 }'
}
verdict "the losses of a run without kept features" near kept slow
expect "features of samples that --cache ram would keep" 0 '10 classes, features kept in memory' \
    alone "${body[@]}" --cache-features --cache ram --output kept-ram
verdict "the bits of samples that were not kept" cmp kept/latest.h5 kept-ram/latest.h5
expect "weights that overflow" 0 'val_loss is nan' alone "${run[@]:0:4}" --learning-rate 1e38 --steps-per-epoch 1 --epochs 1 --output huge
expect "features that are not finite" 1 'simple-cnn: the frozen layers up to flatten make inf of row [0-9]* of /train/images in data.h5' \
    ranks 3 "${run[@]:0:4}" --weights huge/latest.h5 --replace-top 11 --freeze '!*_new' --cache-features --output no
expect "an evaluation of outputs that are not finite" 0 'note: outputs of some samples are not finite' \
    alone evaluate huge/latest.h5 --data data.h5
expect "predictions that are not finite" 0 'warning: the outputs of [1-9][0-9]* of [0-9]* samples are not finite' \
    alone predict huge/latest.h5 --data data.h5 --output huge.h5
expect "features that would change" 64 'with --augment features would change from epoch to epoch' \
    alone "${body[@]}" --cache-features --augment flip --output no
expect "features of samples that change" 64 'with --validation redrawn features would change' \
    alone "${body[@]}" --cache-features --validation redrawn:0.5 --output no
expect "features of layers that train" 1 'no frozen layers with weights are before it' \
    alone --model simple-cnn --data data.h5 --cache-features --output no

# A model that Keras has trained for three steps, with momenta and a schedule.
keras=(--model "$golden/resumed-sgd-3.keras" --data "$golden/notebooks-data.h5" --batch-size 8 --shards 4 --epochs 2
    --checkpoint-every-steps 2 --keep 100)
expect "an optimizer of Keras goes on" 0 'goes on with the state of its optimizer after 3 updates
earlier-updates 3, schedule-start 3: from' ranks 3 "${keras[@]}" --output keras
expect "and again, resumed" 0 'finished after 2 epochs' alone --resume keras/step-00000002.h5 --output again
verdict "resumed: the same bits" cmp keras/latest.h5 again/latest.h5
expect "its checkpoints are verified" 0 'step-00000004.h5: whole' alone checkpoint verify keras/*.h5
expect "another optimizer" 0 '--optimizer leaves out the state of its optimizer' alone "${keras[@]}" --optimizer sgd --output no
expect "other layers that train" 0 '--freeze leaves out the state of its optimizer' alone "${keras[@]}" --freeze right --output frozen
expect "another optimizer's state" 1 'not those of Adam.*earlier-updates 0' alone "${keras[@]}" --optimizer adam --earlier-updates 3 --output not

finish
