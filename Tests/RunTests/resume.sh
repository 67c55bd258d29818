#!/bin/bash
# A run can stop anywhere and continue anywhere: runs that were signalled, damaged and resumed on other rank
# counts end with the files of one that was left alone.
# Tests/RunTests/resume.sh PATH-TO-DPTRAIN
tests=$(realpath "$(dirname "$0")")
source "$tests/support.sh"

alone data generate --output data.h5 --train 250 --test 40 --seed 5 >output || exit 1
options=(
    --model simple-cnn-dropout --data data.h5 --batch-size 26 --epochs 4 --l2 0.001 --weight-decay 0.004
    --learning-rate 0.01 --warm-up 15steps --schedule cosine --reduce-on-plateau patience=1,min-delta=0.5,factor=0.5
    --early-stopping patience=9 --keep 3
)

expect "a run left alone" 0 "" ranks 2 "${options[@]}" --output alone
expect "a run left alone, saved at every step" 0 "" ranks 3 "${options[@]}" --output steps --checkpoint-every-steps 1
verdict "how often it is saved has no say" same_run alone steps

# --- Signals: a checkpoint, the documented exit code, and on it goes -------------------------------------------------

# Waits until the log of a run has so many lines; gives up with the run.
await_lines() {
    local log=$1/log.jsonl lines=$2 job=$3
    while kill -0 "$job" 2>/dev/null; do
        [[ -f $log && $(wc -l <"$log") -ge $lines ]] && return
        sleep 0.01
    done
}

# signalled SIGNAL LINES FOLDER COMMAND...: signals the command's process once the log has LINES lines.
signalled() {
    local signal=$1 lines=$2 place=$3
    shift 3
    "$@" --output "$place" &
    local job=$!
    await_lines "$place" "$lines" $job
    kill -s "$signal" $job
    wait $job
}

saved='checkpoint saved at step [0-9]+'
expect "SIGUSR1 to mpirun" 75 "$saved" \
    signalled USR1 3 signals mpirun --timeout $limit -n 2 "$binary" "${options[@]}"
expect "SIGUSR1 to a resumed run on 3 ranks" 75 "$saved" \
    signalled USR1 14 signals mpirun --timeout $limit -n 3 "$binary" "${options[@]}" --resume
expect "SIGTERM to one process, resumed without mpirun" 75 "$saved" \
    signalled TERM 24 signals "$binary" --resume
expect "the rest, on 8 ranks" 0 "finished after 4 epochs" ranks 8 --resume --output signals
verdict "a signalled run ends with the files of one left alone" same_run alone signals

# mpirun gives its ranks a second or two after SIGTERM, and has an exit code of its own.
expect "SIGTERM to mpirun" 1 "" \
    signalled TERM 5 terminated mpirun --timeout $limit -n 2 "$binary" --model simple-cnn --data data.h5 --epochs 9999 \
    --checkpoint-every-steps 1
expect "what it saved is whole" 0 "" alone checkpoint verify terminated/latest.h5

# --- Damage ---------------------------------------------------------------------------------------------------------

# Checkpoints of equal content are one file under several names: all of them are damaged with it.
damaged_run() {
    rm -rf damaged
    cp -a steps damaged
    "$@"
    ranks 3 --resume --output damaged
}
cut_short() { truncate -s 5000 damaged/latest.h5; }
altered() { printf 'x' | dd of=damaged/latest.h5 bs=1 seek=9000 conv=notrunc status=none; }
expect "the newest checkpoint cut short" 0 $'warning.*latest.h5\ncontinuing from step-' damaged_run cut_short
verdict "it ends with the files of one left alone (cut short)" same_run alone damaged
expect "the newest checkpoint altered" 0 $'warning.*latest.h5\ncontinuing from step-' damaged_run altered
verdict "it ends with the files of one left alone (altered)" same_run alone damaged

# --- Ends -----------------------------------------------------------------------------------------------------------

short=(--model simple-cnn --data data.h5 --batch-size 50)
expect "four epochs" 0 "" ranks 2 "${short[@]}" --epochs 4 --output four
expect "two epochs" 0 "" ranks 2 "${short[@]}" --epochs 2 --output two
expect "a finished run is finished" 0 "nothing to do: the run has done 2 epochs" alone --resume --output two
expect "a finished run with more epochs" 0 "finished after 4 epochs" ranks 3 --resume --output two --epochs 4
verdict "two epochs and two more are four" same_run four two

for optimizer in adamw lion lamb lars; do
    stage=("${short[@]}" --optimizer $optimizer)
    if [[ $optimizer == lamb ]]; then stage+=(--global-clip-norm 0.5); fi
    expect "two epochs of $optimizer" 0 "" ranks 3 "${stage[@]}" --epochs 2 --output whole-$optimizer
    expect "one epoch of $optimizer" 0 "" ranks 2 "${stage[@]}" --epochs 1 --output halves-$optimizer
    expect "one more" 0 "finished after 2 epochs" alone --resume --output halves-$optimizer --epochs 2
    verdict "one epoch of $optimizer and one more are two" same_run whole-$optimizer halves-$optimizer
done
expect "the weight decay that adamw chose is the run's" 1 "--weight-decay was 0.004, now 0.0" \
    alone --resume --output halves-adamw --epochs 3 --weight-decay 0

averaged=(--model resnet-cifar-8-v1 --data data.h5 --batch-size 50 --ema 0.9 --lookahead steps=4 --stochastic-depth 0.3)
expect "an averaged run" 0 "raw_val_loss" ranks 2 "${averaged[@]}" --epochs 3 --output averages
expect "SIGUSR1 to an averaged run" 75 "$saved" \
    signalled USR1 5 averages-cut mpirun --timeout $limit -n 3 "$binary" "${averaged[@]}" --epochs 3
expect "its rest, without mpirun" 0 "finished after 3 epochs" alone --resume --output averages-cut
verdict "it ends with the files of one left alone (averaged)" same_run averages averages-cut
expect "evaluation has the average" 0 "" alone evaluate averages/latest.h5 --data data.h5 --split validation --json
loss=$(grep -o '"val_loss":[0-9.]*' averages/log.jsonl | tail -n 1 | cut -d: -f2)
verdict "its loss is val_loss" grep -q "\"loss\": *$loss" output

# Stopped before there is a mean, and once more in the middle of an epoch after.
mean=(--model resnet-cifar-8-v1 --data data.h5 --batch-size 50 --swa start=1,rate=0.002,anneal=2 --augment flip)
expect "a run with a mean of weights" 0 "raw_val_loss" ranks 2 "${mean[@]}" --epochs 4 --output means
for step in 2 7; do
    expect "SIGUSR1 in step $step of such a run" 75 "$saved" \
        signalled USR1 $step means-$step mpirun --timeout $limit -n 3 "$binary" "${mean[@]}" --epochs 4
    expect "its rest, without mpirun" 0 "finished after 4 epochs" alone --resume --output means-$step
    verdict "it ends with the files of one left alone (mean of weights, step $step)" same_run means means-$step
done
expect "the mean is not for networks that begin to train later" 64 "swa" \
    alone "${short[@]}" --freeze 'conv*' --unfreeze-at-epoch 2 --swa start=1 --output refused
expect "one average is enough" 64 "swa" alone "${mean[@]}" --ema 0.9 --output refused

# Images that grow; stopped before they do, and after.
growing=(--model wide-resnet-10-1 --data data.h5 --batch-size 50 --augment "random-resized-crop, mixup" --epochs 3)
growing+=(--size-schedule "0:16,1:24,2:32")
expect "a run whose images grow" 0 "24x24x3 from epoch 2 on" ranks 2 "${growing[@]}" --output sizes
for step in 2 7; do
    expect "SIGUSR1 in step $step of such a run" 75 "$saved" \
        signalled USR1 $step sizes-$step mpirun --timeout $limit -n 3 "$binary" "${growing[@]}"
    expect "its rest, without mpirun" 0 "finished after 3 epochs" alone --resume --output sizes-$step
    verdict "it ends with the files of one left alone (growing images, step $step)" same_run sizes sizes-$step
done
expect "images do not grow for a network with a dense layer on top" 1 "other weights for samples of 24x24x3" \
    alone "${short[@]}" --size-schedule "0:24" --output refused

# stopped_anywhere NAME WORDS LINES EPOCHS FOLDER OPTIONS...: a run on two ranks, whose output has WORDS; and the same on three,
# stopped by SIGUSR1 once its log has LINES lines, whose rest one rank does. Both end with the same files.
stopped_anywhere() {
    local name=$1 words=$2 lines=$3 epochs=$4 place=$5
    shift 5
    expect "a run of $name" 0 "$words" ranks 2 "$@" --output "$place"
    expect "SIGUSR1 to a run of $name" 75 "$saved" \
        signalled USR1 "$lines" "$place-cut" mpirun --timeout $limit -n 3 "$binary" "$@"
    expect "the rest of $name, without mpirun" 0 "finished after $epochs epochs" alone --resume --output "$place-cut"
    verdict "it ends with the files of one left alone ($name)" same_run "$place" "$place-cut"
}

stopped_anywhere "augmented samples" "" 7 4 augmented "${short[@]}" --epochs 4 --augment flip
stopped_anywhere "layers that draw numbers" "" 3 2 noisy \
    --model "$tests/layers.json" --data data.h5 --batch-size 50 --epochs 2
stopped_anywhere "attention with masks" "" 3 2 attentive --model "$tests/attention.json" --data data.h5 --batch-size 50 --epochs 2
stopped_anywhere "outputs with targets of their own" "10 classes of digit and a value of number" 3 2 heads \
    --model "$tests/heads.json" --data data.h5 --labels digit=train/labels,number=train/labels \
    --loss-weights number=0.01 --early-stopping monitor=val_digit_accuracy,patience=9 --batch-size 50 --epochs 2
expect "its outputs are measured" 0 $'digit loss: [0-9.]+ - digit accuracy: [0-9.]+ - number loss: [0-9.]+' \
    ranks 2 evaluate heads/latest.h5 --data data.h5 --labels digit=train/labels,number=train/labels
of_heads=(heads/latest.h5 --data data.h5 --labels digit=train/labels,number=train/labels)
expect "errors are measured" 0 '"number":\{[^}]*"mae":[0-9.]+' \
    alone evaluate "${of_heads[@]}" --split validation --json --confusion
last_of() { grep -o "\"$1\":[-0-9.e]*" "$2" | tail -n 1 | cut -d : -f 2; }
verdict "errors of validation are those of an evaluation" awk -v a="$(last_of val_number_mae heads/log.jsonl)" \
    -v b="$(last_of mae output)" 'BEGIN { d = a - b; exit !(a > 0 && d < 1e-12 * a && d > -1e-12 * a) }'
columns="digit_accuracy,digit_loss,number_loss,number_mae,number_rmse"
expect "the history has each output" 0 \
    "^epoch,accuracy,learning_rate,loss,val_accuracy,val_loss,$columns,val_${columns//,/,val_}\$" alone runs heads --history
verdict "a picture shows what an output of classes takes samples for" grep -aq confusion/validation/digit heads/events.*
expect "each has its figures" 0 "digit top 5: [0-9.]+ - .*number MAE: [0-9.]+ - number RMSE: [0-9.]+" \
    ranks 2 evaluate "${of_heads[@]}" --confusion --confusion-file heads.csv
mv heads.digit.csv heads-ranks.csv
expect "they are in JSON" 0 '"digit":.*"confusion":.*"number":.*"mae":' \
    alone evaluate "${of_heads[@]}" --json --confusion --confusion-file heads.csv
verdict "one process counts the same matrix" cmp heads.digit.csv heads-ranks.csv
expect "views of several outputs are averaged" 0 "digit accuracy: [0-9.]+ - .*number MAE: [0-9.]+" \
    alone evaluate "${of_heads[@]}" --test-time-augmentation flip
expect "each output is predicted" 0 "^0: digit: [0-9]+ 0\\.[0-9]+, .*; number: [-0-9.e]+ \\(target" \
    alone predict "${of_heads[@]}" --output heads.h5 --top 2
verdict "each is a data set" grep -aq number heads.h5
inputs="age=train/labels,left=train/images,right=train/images"
stopped_anywhere "several inputs" "right: 32x32x3 bytes, divided by 255" 3 2 inputs --model "$tests/inputs.json" --data data.h5 --images $inputs \
    --labels digit=train/labels,number=train/labels --loss-weights number=0.01 --batch-size 50 --epochs 2
expect "it is evaluated" 0 "digit accuracy: [0-9.]+" ranks 2 evaluate inputs/latest.h5 --data data.h5 --images $inputs \
    --labels digit=train/labels,number=train/labels
stopped_anywhere "layers with penalties and constraints" "layer-penalties true" 3 2 ruled \
    --model "$tests/rules.json" --data data.h5 --batch-size 50 --epochs 2

# All that can happen to a sample.
many="scale-jitter(36:48), alternating-flip, vertical-flip, rotation(20), width-shift, height-shift, shear, zoom, brightness"
many+=", channel-shift, color-jitter(0.4, hue=0.1), lighting, grayscale, posterize, solarize, autocontrast, equalize"
many+=", sharpness, invert, blur, gaussian-noise, pad-and-crop, random-erasing, rand-augment, trivial-augment"
many+=", rand-augment-timm, auto-augment(cifar10), mixup, cutmix, mixup-or-cutmix"
augmented=("${short[@]}" --epochs 2 --repeated-augmentation 2 --augment "$many")
expect "a run with all transforms" 0 "" ranks 2 "${augmented[@]}" --output transformed
expect "the same on 3 ranks, with 3 readers, stopped by SIGUSR1" 75 "$saved" \
    signalled USR1 3 mixed mpirun --timeout $limit -n 3 "$binary" "${augmented[@]}" --readers 3
expect "its rest, without mpirun" 0 "finished after 2 epochs" alone --resume --output mixed --readers 1
verdict "it ends with the files of one left alone (all transforms)" same_run transformed mixed

# Mixing makes shares of labels; evaluation counts labels, through several views too.
blended=(blended/latest.h5 --data data.h5 --test-time-augmentation flip)
expect "a run on mixed samples" 0 "" \
    alone "${short[@]}" --epochs 4 --learning-rate 0.003 --augment mixup --output blended
expect "its samples are predicted" 0 "" alone predict "${blended[@]}" --top 1
right=$(grep -Ec '^[0-9]+: ([a-z-]+) [01]\.[0-9]+.*label: \1\)$' output)
expect "its samples are counted" 0 '"accuracy":.*"confusion":.*"loss":([1-9]|0\.[0-9]*[1-9])' \
    ranks 2 evaluate "${blended[@]}" --json --confusion
accuracy=$(sed -En 's/.*"accuracy":([0-9.]+).*/\1/p' output)
verdict "as many are right as predictions are" \
    awk -v right="$right" -v a="$accuracy" 'BEGIN { exit !(right > 0 && (a * 40 - right)^2 < 1e-6) }'

expect "a run that stops early" 0 "stopped after 2 epochs" \
    alone "${short[@]}" --epochs 9 --output early --early-stopping patience=1,min-delta=9
cp -a early stopped
expect "it stays stopped" 0 "stopped after 2 epochs" ranks 2 --resume --output stopped
verdict "it stays as it was" same_run early stopped

expect "one epoch, the best so far" 0 "" alone "${short[@]}" --epochs 1 --output one
cp -a one unnamed
rm unnamed/best.h5
expect "a run killed before its state was named the best" 0 "nothing to do: the run has done 1 epoch" ranks 2 --resume --output unnamed
verdict "it has the name now" same_run one unnamed

values=(
    --model ann-regression --data "$tests/../DataPipelineTests/Golden/regression.h5" --classes 2 --shards 4 --batch-size 4
    --epochs 2
)
expect "a regression" 0 "mae" alone "${values[@]}" --validation last:0.25 --output values --checkpoint-every-steps 1 --keep 9
expect "floats minus the mean sample" 0 "" alone "${values[@]}" --normalization unit-centered-pixel --output floats
expect "they are taken as they are" 0 "^normalization .*standardized .* / 1\\.0" alone checkpoint inspect floats/latest.h5
expect "bytes minus the mean sample" 0 "" \
    alone "${short[@]}" --epochs 1 --normalization unit-centered-pixel --output centered
expect "they are divided by 255" 0 "^normalization .*standardized .* / 255\\.0" alone checkpoint inspect centered/latest.h5
expect "a regression from the middle of an epoch" 0 "finished after 2 epochs" \
    ranks 2 --resume values/step-00000002.h5 --output halfway
verdict "its errors are those of the whole epoch" cmp values/latest.h5 halfway/latest.h5

expect "resuming into the folder of another run" 1 $'four\nnot empty' \
    alone --resume one/latest.h5 --data data.h5 --output four --epochs 2
verdict "which stays as it was" same_run two four
expect "resuming into a new folder" 0 "finished after 2 epochs" \
    ranks 2 --resume one/latest.h5 --data data.h5 --output onwards --epochs 2
expect "a run does as many epochs as it was given, in a new folder too" 0 "finished after 1 epoch" \
    ranks 2 --resume one/step-00000000.h5 --output again
verdict "it ends with the files of the first one" same_run one again
mkdir lonely && cp one/step-00000000.h5 lonely
expect "a checkpoint without its settings" 0 $'no config.toml beside lonely/step-00000000.h5: --epochs is 20\nfinished after 20' \
    alone --resume lonely/step-00000000.h5 --data data.h5 --output guessed
expect "resuming where there is nothing" 1 $'nothing\nno such folder' alone --resume --output nothing
verdict "which does not come to be" test ! -e nothing

expect "gradients rounded from here on" 1 "wire" alone --resume --output onwards --epochs 3 --wire bf16
expect "gradients cut into other buckets from here on" 0 "finished after 3 epochs" \
    ranks 2 --resume --output onwards --epochs 3 --bucket-size 64 --overlap none

finish
