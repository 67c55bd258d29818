#!/bin/bash
# The number of ranks changes how fast a run is, never what it computes: every file that a run leaves behind is compared
# byte for byte. What can be tried without new processes is in Tests/RankTests.
# Tests/RunTests/rank-count.sh PATH-TO-DPTRAIN
tests=$(realpath "$(dirname "$0")")
source "$tests/support.sh"

alone data generate --output data.h5 --train 150 --test 60 --seed 5 >output || exit 1
alone data generate --output untested.h5 --train 90 --test 0 --seed 5 >output || exit 1
alone data generate --output chunked.h5 --train 150 --test 60 --seed 5 --images-per-chunk 16 --compression 4 >output ||
    exit 1

# compare NAME COUNTS OPTIONS...: one rank without mpirun first, then each count of ranks.
compare() {
    local name=$1 counts=$2 count
    shift 2
    rm -rf one many
    expect "$name, alone" 0 "" alone --epochs 2 --output one "$@"
    for count in $counts; do
        rm -rf many
        expect "$name, $count ranks" 0 "" ranks "$count" --epochs 2 --output many "$@"
        verdict "$name, $count ranks: the same files" same_run one many
    done
}

# 150 = 4 x 36 + 6: the last batch does not even fill the shards.
compare "dropout, Adam, a last batch smaller than the shards" "1 2 3 4 8" \
    --model simple-cnn-dropout --data data.h5 --batch-size 36
cp one/latest.h5 reference.h5
expect "another seed" 0 "" ranks 2 --epochs 2 --output other --model simple-cnn-dropout --data data.h5 \
    --batch-size 36 --seed 1
verdict "another seed differs" differ other/latest.h5 reference.h5

for mode in shard global; do
    compare "batch norm $mode, 5 shards, momentum" "2 3" --model resnet-cifar-8-v1 --data data.h5 --batch-size 48 \
        --steps-per-epoch 2 --validation-steps 1 --shards 5 --batch-norm $mode --optimizer sgd --momentum 0.9 \
        --learning-rate 0.05
done

regression=$tests/../DataPipelineTests/Golden/regression.h5
compare "regression" "2 3" --model ann-regression --data "$regression" --classes 2 --batch-size 6 --shards 4 \
    --validation last:0.25

# Everything else that has a say in what is computed, with an odd number of ranks.
compare "Nesterov, L2, 7 shards" 3 --model simple-cnn --data data.h5 --batch-size 40 --shards 7 --optimizer sgd \
    --momentum 0.9 --nesterov --l2 0.01 --learning-rate 0.01
compare "RMSprop, weight decay, 13 shards" 5 --model simple-cnn-dropout --data data.h5 --batch-size 40 --shards 13 \
    --optimizer rmsprop --momentum 0.5 --weight-decay 0.01
compare "AdamW, L2, 5 shards" "2 3" --model simple-cnn --data data.h5 --batch-size 40 --shards 5 --optimizer adamw \
    --l2 0.001
compare "Lion, weight decay, batch norm" "2 3" --model resnet-cifar-8-v1 --data data.h5 --batch-size 48 \
    --steps-per-epoch 2 --validation-steps 1 --shards 5 --optimizer lion --weight-decay 0.02 --learning-rate 0.0003
compare "LARS, decay of kernels, a clipped norm, 5 shards" "2 3" --model resnet-cifar-8-v1 --data data.h5 --batch-size 48 \
    --steps-per-epoch 2 --validation-steps 1 --shards 5 --optimizer lars --momentum 0.9 --global-clip-norm 0.5 \
    --weight-decay-on kernels --schedule one-cycle
# Everything beside the weights that are trained, and scores of validation.
compare "EMA, Lookahead, stochastic depth, gammas of zero, F1" "1 2 3" --model resnet-cifar-8-v1 --data data.h5 \
    --batch-size 48 --steps-per-epoch 2 --shards 5 --optimizer adamw --weight-decay-on kernels --ema 0.9 \
    --lookahead steps=3 --stochastic-depth 0.3 --zero-init-residual --save-best monitor=f1
compare "AUC, EMA, top 5" 2 --model simple-cnn --data data.h5 --batch-size 40 --ema 0.9 \
    --save-best monitor=auc --early-stopping monitor=top5,patience=9
compare "F1 and top 5 where samples are mixed in training" 2 --model simple-cnn --data data.h5 --batch-size 40 \
    --augment mixup --save-best monitor=f1 --early-stopping monitor=top5,patience=9
for mode in shard global; do
    compare "a mean of weights, batch norm $mode, a last batch smaller than the shards" "1 2 3" \
        --model resnet-cifar-8-v1 --data data.h5 --batch-size 48 --shards 7 --batch-norm $mode --swa start=0
done
compare "images that grow, samples mixed over the batch" "1 2 3" --model wide-resnet-10-1 --data data.h5 --batch-size 40 \
    --shards 5 --size-schedule 0:20,1:28x24 --augment "flip, mixup, cutmix" --swa start=0
compare "chunked samples mixed over the batch" "2 5" --model simple-cnn --data chunked.h5 --batch-size 36 \
    --augment "mixup-or-cutmix" --epochs 1
for scope in channel pixel; do
    compare "standardised by a scan, $scope" "2 3" --model simple-cnn --data untested.h5 --batch-size 20 --epochs 1 \
        --validation-split 0.2 --normalization standardized-$scope
done
compare "plain loops and OpenBLAS, batch norm global, shards left empty" 3 --model resnet-cifar-8-v1 --data data.h5 \
    --batch-size 36 --batch-norm global --engine blas --epochs 1
compare "a part kept for validation, a warm-up, a schedule" 3 --model simple-cnn --data untested.h5 --batch-size 20 \
    --validation-split 0.2 --schedule cosine --warm-up 4steps --reduce-on-plateau patience=1,min-delta=9
alone data generate --output chunked-train.h5 --train 90 --test 0 --seed 5 --images-per-chunk 16 --compression 4 \
    >output || exit 1
compare "a stratified part of chunked data validates" 3 --model simple-cnn --data chunked-train.h5 --batch-size 20 \
    --validation stratified:0.2
compare "a part that is redrawn in each epoch validates" 3 --model simple-cnn --data chunked-train.h5 --batch-size 20 \
    --validation redrawn:0.2
compare "weights of classes, balanced sampling" "1 2 3 8" --model mlp --data untested.h5 --batch-size 20 \
    --validation stratified:0.2 --class-weights balanced --sampling balanced --readers 1
for count in 1 2 3 8; do
    rm -rf many
    expect "weights of classes, three readers, samples in memory, $count ranks" 0 "" ranks "$count" --epochs 2 \
        --output many --model mlp --data untested.h5 --batch-size 20 --validation stratified:0.2 \
        --class-weights balanced --sampling balanced --readers 3 --cache ram
    verdict "three readers, samples in memory, $count ranks: the same files" same_run one many
done
compare "an auxiliary output, label smoothing" "2 3" --model "$tests/auxiliary.json" --data data.h5 --batch-size 48 \
    --label-smoothing 0.1
for mode in shard global; do
    compare "outputs with targets of their own, batch norm $mode" "2 3 8" --model "$tests/heads.json" --data data.h5 \
        --labels digit=train/labels,number=train/labels --loss-weights number=0.01 --batch-size 36 --batch-norm $mode
done
inputs="age=train/labels,left=train/images,right=train/images"
for data in data chunked; do
    compare "several inputs and outputs, $data" "2 3 8" --model "$tests/inputs.json" --data $data.h5 --images $inputs \
        --labels digit=train/labels,number=train/labels --loss-weights number=0.01 --batch-size 36 --augment flip \
        --batch-norm global --readers 2
done
kept=(--model "$tests/inputs.json" --data data.h5 --images $inputs --labels digit=train/labels,number=train/labels
    --loss-weights number=0.01 --batch-size 36 --cache ram)
compare "several inputs in memory" 3 "${kept[@]}"
for mode in shard global; do
    compare "a model called twice, batch norm $mode" "1 2 3" --model "$tests/shared.json" --data data.h5 --batch-size 48 \
        --steps-per-epoch 2 --validation-steps 1 --shards 5 --batch-norm $mode --optimizer sgd --momentum 0.9
done
# Noise and changed images, and layers that are several operations.
compare "layers that draw numbers" "1 2 3" --model "$tests/layers.json" --data data.h5 --batch-size 48 --shards 5
compare "attention with masks" "2 3 8" --model "$tests/attention.json" --data data.h5 --batch-size 36
# What layers demand of their weights, which may need a whole parameter, of which each rank updates a part.
compare "penalties and constraints of layers" "1 2 3 8" --model "$tests/rules.json" --data data.h5 --batch-size 48
compare "constraints, messages between ranks, clipped gradients, an average" "2 3" --model "$tests/rules.json" --data data.h5 \
    --batch-size 48 --shards 5 --node-exchange messages --clip-norm 0.5 --ema 0.9 --optimizer sgd --momentum 0.9
compare "LAMB, focal loss, restarts, images that grow, EMA, Lookahead, cutmix, repeated samples" "3" \
    --model wide-resnet-10-1 --data data.h5 --batch-size 40 --shards 5 --optimizer lamb --lookahead steps=2 \
    --loss categorical_focal_crossentropy --schedule cosine-restarts:first=1,peak-factor=0.5 --size-schedule 0:20,1:28 \
    --ema 0.9 --augment "flip, cutmix" --repeated-augmentation 2
# A rate so high that all steps but the first overflow.
compare "steps that are left out" "2 3" --model simple-cnn --data data.h5 --batch-size 40 --optimizer sgd \
    --learning-rate 1e25 --on-nan skip --save-best monitor=loss --epochs 1
verdict "some steps were left out" grep -q '"event":"step".*"loss":null' one/log.jsonl
compare "clipped gradients, some steps left out" "2 3 8" --model simple-cnn-dropout --data data.h5 --batch-size 36 \
    --optimizer sgd --momentum 0.9 --clip-norm 0.1 --l2 0.01 --on-nan skip --epochs 1
compare "gradients clipped together, LAMB, batch norm" "2 3" --model resnet-cifar-8-v1 --data data.h5 --batch-size 48 \
    --steps-per-epoch 2 --validation-steps 1 --shards 5 --optimizer lamb --global-clip-norm 0.5 --weight-decay 0.01
compare "clipped elements, bf16 on the wire" 3 --model simple-cnn --data data.h5 --batch-size 40 --clip-value 0.01 \
    --wire bf16 --epochs 1
# A rate so high that the second epoch overflows, until it is lowered.
compare "an epoch that is begun anew" "2 3 8" --model simple-cnn --data data.h5 --batch-size 40 --optimizer sgd \
    --momentum 0.9 --learning-rate 0.01 --schedule multistep:at=5steps,multiples=1e32 --on-nan rollback \
    --rollback-factor 1e-32
verdict "it was begun anew" grep -q '"event":"rollback","epoch":2' one/log.jsonl
compare "a batch larger than the data" 3 --model simple-cnn --data untested.h5 --batch-size 128

# What becomes of a sample is a function of its number and the epoch, whoever reads it.
compare "augmentation" "1 2 3 4 8" --model simple-cnn-dropout --data data.h5 --batch-size 36 --augment "flip"
verdict "augmented runs differ from plain ones" differ one/latest.h5 reference.h5
compare "augmentation of a chunked and compressed file" "3 8" --model simple-cnn --data chunked.h5 --batch-size 36 \
    --augment "flip(0.3), flip"

compare "many transforms, mixed samples, repeated" "2 3 8" --model simple-cnn --data chunked.h5 --batch-size 48 \
    --augment "random-resized-crop, flip, rotation, shear, rand-augment, rand-augment-timm, random-erasing, mixup-or-cutmix(threshold=0.2)" \
    --repeated-augmentation 3 --epochs 1

# Gradients rounded on their way, whether they travel or not; the last batch leaves shards empty.
compare "gradients in bf16" "1 2 3 4 8" --model simple-cnn-dropout --data data.h5 --batch-size 36 --wire bf16
cp one/latest.h5 rounded.h5
verdict "rounded gradients differ from exact ones" differ rounded.h5 reference.h5
compare "gradients in bf16, batch norm, 5 shards, small buckets" "2 3" --model resnet-cifar-8-v1 --data data.h5 \
    --batch-size 48 --steps-per-epoch 2 --validation-steps 1 --shards 5 --batch-norm global --wire bf16 --bucket-size 16
cp one/latest.h5 buckets.h5

# How gradients travel has no say.
for how in "--bucket-size 65536" "--overlap none"; do
    rm -rf other
    expect "$how" 0 "" ranks 3 --epochs 2 --output other --model resnet-cifar-8-v1 --data data.h5 --batch-size 48 \
        --steps-per-epoch 2 --validation-steps 1 --shards 5 --batch-norm global --wire bf16 $how
    verdict "$how: the same checkpoint" cmp other/latest.h5 buckets.h5
done

# What has no bf16 says so; anything else that goes wrong is a failure.
if alone bench --model mlp --batch-size 8 --steps 1 --precision bf16 >output 2>&1 ||
    ! grep -Eq 'needs a processor with AVX512_BF16|computes in fp32 only' output; then
    for mode in shard global; do
        compare "bf16, batch norm $mode" "2 3" --precision bf16 --model resnet-cifar-8-v1 --data data.h5 \
            --batch-size 48 --steps-per-epoch 2 --validation-steps 1 --shards 5 --batch-norm $mode
    done
    cp one/latest.h5 bf16.h5
    expect "the precision is in the checkpoint" 0 "precision.*bf16" alone checkpoint inspect bf16.h5
    alone --epochs 2 --output single --model resnet-cifar-8-v1 --data data.h5 --batch-size 48 --steps-per-epoch 2 \
        --validation-steps 1 --shards 5 --batch-norm global >output 2>&1
    verdict "fp32 differs from bf16" differ single/latest.h5 bf16.h5
    compare "several inputs in memory, bf16" 3 "${kept[@]}" --precision bf16
else
    echo "SKIPPED  bf16: $(tail -n 1 output)"
fi
expect "the plain engine has no bf16" 1 "--engine onednn" \
    alone --model simple-cnn --data data.h5 --epochs 1 --output refused --engine blas --precision bf16

# Chunks are shuffled as chunks: another order than that of a contiguous file, but the same on any rank.
compare "a chunked and compressed file" "3 8" --model simple-cnn --data chunked.h5 --batch-size 36
compare "a chunked file in its own order" 3 --model simple-cnn --data chunked.h5 --batch-size 36 --no-shuffle

compare "two threads a rank" "2 3" --model resnet-cifar-8-v1 --data data.h5 --batch-size 48 --steps-per-epoch 2 --shards 5 \
    --threads 2

# Whatever the caller's environment says of threads and kernels.
export OMP_NUM_THREADS=3 OMP_DYNAMIC=true OMP_SCHEDULE=dynamic OPENBLAS_NUM_THREADS=2 OPENBLAS_CORETYPE=Prescott
export OPENBLAS_L2_SIZE=8192 GOTO_NUM_THREADS=2 OMP_PROC_BIND=true MKL_NUM_THREADS=4
for engine in onednn blas; do
    options=(--model simple-cnn-dropout --data data.h5 --batch-size 36 --epochs 1 --engine "$engine")
    if ! alone "${options[@]}" --output odd-alone-$engine >output 2>&1; then
        grep -q 'built without oneDNN' output && continue
    fi
    expect "$engine, an odd environment, 3 ranks" 0 "" ranks 3 "${options[@]}" --output odd-$engine
    (
        unset OMP_NUM_THREADS OMP_DYNAMIC OMP_SCHEDULE OPENBLAS_NUM_THREADS OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
        unset GOTO_NUM_THREADS OMP_PROC_BIND MKL_NUM_THREADS
        ranks 2 "${options[@]}" --output plain-$engine
    ) >output 2>&1
    verdict "$engine: the environment has no say, alone" same_run plain-$engine odd-alone-$engine
    verdict "$engine: the environment has no say, 3 ranks" same_run plain-$engine odd-$engine
done

finish
