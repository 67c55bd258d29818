#!/bin/bash
# What bad input gets: an error that names the thing and the remedy, the right exit code, on one rank and on two, no
# hang, all ranks ended, and nothing lost.
# Tests/RunTests/bad-input.sh PATH-TO-DPTRAIN
hostile=$(realpath "$(dirname "$0")/../DataPipelineTests/Golden/Hostile")
source "$(dirname "$0")/support.sh"

alone data generate --output data.h5 --train 200 --test 40 --seed 5 >output || exit 1
alone data generate --output other.h5 --train 200 --test 40 --seed 6 >output || exit 1
common=(--model simple-cnn --batch-size 50 --epochs 2)
train=("${common[@]}" --data data.h5)

# refused NAME CODE WORDS ARGUMENTS...: alone and on two ranks, told once, and no output folder for it.
refused() {
    local name=$1 code=$2 words=$3
    shift 3
    expect "$name" "$code" "$words" alone "$@" --output refused
    expect "$name, 2 ranks" "$code" "$words" ranks 2 "$@" --output refused
    verdict "$name: told once" once "${words%%$'\n'*}"
    verdict "$name: no checkpoint is left behind" test ! -e refused/latest.h5
    rm -rf refused
}
lacks() { ! grep -q -- "$1" output; }
once() { [[ $(grep -Ec -- "$1" output) == 1 ]]; }

# --- Outputs with targets of their own ------------------------------------------------------------------------------

heads=$(realpath "$(dirname "$hostile")/../../RunTests/heads.json")
several=(--model "$heads" --data data.h5 --batch-size 50 --epochs 1)
refused "targets of outputs that are not there" 1 $'have no labels\n--labels' "${several[@]}"
refused "targets of one output of two" 1 $'targets for the output number\n--labels digit=PATH,number=PATH' \
    "${several[@]}" --labels digit=train/labels
both=("${several[@]}" --labels digit=train/labels,number=train/labels)
refused "an output that the model does not have" 1 $'losses\nno output letter\ndigit, number' "${both[@]}" --losses letter=huber
refused "a loss that is none" 1 $'losses\nhubert' "${both[@]}" --losses number=hubert
refused "a loss that needs classes for a number" 1 $'layer number\none output' \
    "${both[@]}" --losses number=categorical_crossentropy
refused "a negative weight of a loss" 1 $'loss-weights\n-1' "${both[@]}" --loss-weights number=-1
refused "classes of several outputs mixed" 1 $'mixup\ntarget values' "${both[@]}" --augment mixup
refused "smoothing of losses that cannot" 1 "label-smoothing" "${both[@]}" --label-smoothing 0.1 --loss huber
refused "shares that are none" 1 $'layer number\nbinary_crossentropy\n0 to 1' "${both[@]}" --losses number=binary_crossentropy
refused "losses of outputs, for a model with one" 1 $'losses\nhas one output' \
    --model "$(dirname "$heads")/layers.json" --data data.h5 --losses a=huber

# --- Several inputs -------------------------------------------------------------------------------------------------

inputs=(--model "$(dirname "$heads")/inputs.json" --data data.h5 --batch-size 50 --epochs 1)
inputs+=(--labels digit=train/labels,number=train/labels)
refused "inputs that are not there" 1 $'input age\n--images age=PATH,left=PATH,right=PATH' "${inputs[@]}"
refused "one path for several inputs" 1 $'images\nleft=PATH' "${inputs[@]}" --images /train/images
refused "an input that the model does not have" 1 $'images\nno input top\nage, left, right' "${inputs[@]}" --images top=train/images
refused "images for a number" 1 $'layer age\nsamples of 1\n32x32x3' \
    "${inputs[@]}" --images age=train/images,left=train/images,right=train/images
refused "paths of inputs, for a model with one" 1 $'images\nhas one input' \
    --model "$(dirname "$heads")/layers.json" --data data.h5 --images a=train/images
inputs+=(--images age=train/labels,left=train/images,right=train/images)
refused "features of several inputs" 1 $'several|3 inputs\n--cache-features' "${inputs[@]}" --cache-features --freeze 'stem*'

# --- Data -----------------------------------------------------------------------------------------------------------

refused "no such file" 1 $'none.h5\ncannot be opened|No such file' "${common[@]}" --data none.h5
head -c 300000 data.h5 >short.h5
refused "a truncated file" 1 $'short.h5\ntruncated' "${common[@]}" --data short.h5
echo "This is no HDF5 file." >text.h5
refused "a file that is not HDF5" 1 $'text.h5\nHDF5' "${common[@]}" --data text.h5
refused "no such data set" 1 $'/train/nothing' "${train[@]}" --images /train/nothing --labels /train/labels
cp data.h5 two.h5
h5copy -i data.h5 -o two.h5 -s /train/images -d /train/data
refused "ambiguous layouts" 1 $'two.h5\n/train/images\n/train/data\n--images' "${common[@]}" --data two.h5
h5copy -i data.h5 -o unanswered.h5 -s /train -d /train
h5copy -p -i data.h5 -o unanswered.h5 -s /test/images -d /validation/images
refused "validation samples without labels" 1 $'unanswered.h5\n/validation/images\nno labels' \
    "${common[@]}" --data unanswered.h5
refused "labels of other samples" 1 $'/test/labels\n40' "${train[@]}" --images /train/images --labels /test/labels

# label VALUE FILE: the data with one label changed.
label() {
    local offset
    offset=$(h5dump -p -H -d /train/labels data.h5 | sed -n 's/ *OFFSET //p')
    cp data.h5 "$2"
    printf '%b' "$1" | dd of="$2" bs=1 seek=$((offset + 4 * 17)) conv=notrunc status=none
}
label '\x4d\x00\x00\x00' large.h5
refused "a label beyond the classes" 1 $'large.h5.*/train/labels\n77' "${common[@]}" --data large.h5
label '\xff\xff\xff\xff' negative.h5
refused "a negative label" 1 $'negative.h5.*/train/labels\n-1' "${common[@]}" --data negative.h5

# 40 rows of 4 features, of which one is no number. A ReLU makes it zero, and no loss shows it.
for row in {0..39}; do
    if [[ $row == 17 ]]; then echo "0.1 nan 0.3 0.4"; else echo "0.1 0.2 0.$((row % 3)) 0.4"; fi
done >features.txt
for row in {0..39}; do echo $((row % 3)); done >labels.txt
h5import features.txt -d 40,4 -p train/features -t TEXTFP -s 32 labels.txt -d 40 -p train/labels -t TEXTIN -s 32 \
    -o features.h5
for count in 1 2; do
    expect "a sample that is no number, $count" 1 $'features.h5: /train/features: row 17 has a value that is nan' \
        ranks $count --model mlp --data features.h5 --batch-size 10 --output features-$count
    verdict "a sample that is no number, $count: told once" once "row 17"
done

# Data that lie in other files: their bytes, or none. All these hold the samples of whole.h5.
cp "$hostile"/{external,linked,pixels,virtual,virtual-missing-file,part-0}.h5 "$hostile/pixels.raw" .
mv part-0.h5 part-0-away.h5
small=(--model mlp --batch-size 8 --epochs 1)
refused "a virtual data set that lacks a source" 1 $'virtual.h5: /train/images\npart-0.h5' "${small[@]}" --data virtual.h5
mv part-0-away.h5 part-0.h5
refused "raw bytes elsewhere" 1 $'external.h5: /train/images\npixels.raw\n--allow-external' "${small[@]}" --data external.h5
expect "the same where inspected" 1 $'pixels.raw\n--allow-external' alone data inspect external.h5
# named CODE: the program ended by itself, and a refusal names the file. libhdf5 1.10 breaks off on it; a newer one does not.
named() { [[ $1 == 0 ]] || { [[ $1 == 1 ]] && grep -q '^dptrain: .*heap\.h5: ' output; }; }
alone data inspect "$hostile/heap.h5" >output 2>&1
verdict "a heap that claims more than there is, inspected" named $?
ranks 2 "${small[@]}" --data "$hostile/heap.h5" --output heap >output 2>&1
verdict "a heap that claims more than there is, on two ranks" named $?
# A class of one sample gives none for validation. Where all are such, nothing validates.
mkdir -p single/{train,test}/{a,b,c,d,e,f,g,h,i,j}
for class in single/*/*; do cp "$hostile/../../../DatasetCreationTests/Golden/plain.png" "$class"; done
expect "ten classes of one sample, imported" 0 "" alone data import single --output single.h5
expect "ten classes of one sample" 0 $'none: no class has more than one training sample\nfinished' alone "${small[@]}" --data single.h5 --output single-run

# Twenty seconds of the processor's time, which other tests use too.
limit=300 expect "a heap without end" 1 $'heap-endless.h5: libhdf5 came to no end on it' alone data inspect "$hostile/heap-endless.h5"
cp "$hostile/part-1.h5" .
cp "$hostile/chunks-whole.h5" whole.h5
h5repack -l train/images:CONTI -f train/images:NONE whole.h5 plain.h5
for file in plain external linked virtual; do
    expect "samples of $file.h5" 0 "finished" ranks 2 "${small[@]}" --data $file.h5 --allow-external --output $file
    verdict "$file.h5 gives what it says" cmp plain/latest.h5 $file/latest.h5
done
for command in evaluate predict; do
    expect "$command on a virtual data set that lacks a source" 1 $'virtual-missing-file.h5: /train/images\ngone.h5' \
        alone $command plain/latest.h5 --data virtual-missing-file.h5 $([[ $command == predict ]] && echo --top 1)
    expect "$command on raw bytes elsewhere" 1 $'pixels.raw\n--allow-external' \
        alone $command plain/latest.h5 --data external.h5 $([[ $command == predict ]] && echo --top 1)
done
truncate -s 100 pixels.raw
refused "raw bytes that are short" 1 $'pixels.raw, which has 100 bytes, not 480' "${small[@]}" --data external.h5 --allow-external

label '\x09\x00\x00\x00' nine.h5
refused "a label beyond --classes" 1 $'/train/labels\n, outside 0...6 \\(--classes 7\\)' "${common[@]}" --data nine.h5 --classes 7
h5copy -i linked.h5 -o gaps.h5 -s /train/labels -d /labels
h5copy -f ext -i pixels.h5 -o gaps.h5 -s /pixels -d /images
printf '\xff' | dd of=gaps.h5 bs=1 seek="$(h5dump -p -H -d /labels gaps.h5 | sed -n 's/ *OFFSET //p')" conv=notrunc status=none
expect "classes without a sample" 0 $'^warning .*gaps.h5: classes 4 to 254 have no sample' \
    ranks 2 "${small[@]}" --data gaps.h5 --output gaps

# --- Model and options ----------------------------------------------------------------------------------------------

refused "an unknown model" 1 $'simple-cmm\nsimple-cnn' --model simple-cmm --data data.h5
echo '{"class_name": "Sequential", "config": {"name": "small", "layers": [
    {"class_name": "InputLayer", "config": {"name": "input", "batch_shape": [null, 28, 28, 1]}},
    {"class_name": "Flatten", "config": {"name": "flatten"}},
    {"class_name": "Dense", "config": {"name": "dense", "units": 10, "activation": "softmax"}}]}}' >small.json
refused "samples of another shape than the model's" 1 $'28x28x1\n32x32x3' --model small.json --data data.h5
sed 's/28, 28, 1/32, 32, 3/; s/"units": 10/"units": 4/' small.json >narrow.json
refused "more classes than outputs" 1 $'dense.*4 outputs\n10' --model narrow.json --data data.h5
refused "an unknown transform" 64 $'option augment: there is no transform .flop.\nflip' "${train[@]}" --augment flop
refused "a probability that is none" 64 $'option augment: flip\\(2\\)\nfrom 0 to 1' "${train[@]}" --augment "flip(2)"
refused "features that are to be flipped" 1 $'features.h5: /train/features: .flip\nrows of 4 features\n--augment' \
    --model mlp --data features.h5 --batch-size 10 --augment flip
refused "a batch smaller than the shards" 64 $'batch-size\nshards' "${train[@]}" --batch-size 7
for count in 1 2; do
    expect "a loss that is no number, $count" 1 $'loss of step [2-9] is (NaN|-?inf)\nfirst layer|overflowed\n--learning-rate' \
        ranks $count "${train[@]}" --learning-rate 1e30 --optimizer sgd --output infinite-$count
    expect "the checkpoint before it is whole, $count" 0 "" alone checkpoint verify infinite-$count/latest.h5
    expect "a slot that is infinite, $count" 1 \
        $'\\(velocity\\) holds values that are not finite after step 1\nis infinite-slot-'$count'/step-00000000.h5' \
        ranks $count "${train[@]}" --l2 1e30 --learning-rate 1e-6 --checkpoint-every-steps 1 --output infinite-slot-$count
    expect "the checkpoint before that is whole, $count" 0 "" alone checkpoint verify infinite-slot-$count/latest.h5
done
refused "a learning rate that is infinite in single precision" 64 'learning-rate: 1e39 is not' "${train[@]}" \
    --learning-rate 1e39
expect "more ranks than shards" 1 $'3 ranks share only 2 shards\n--shards 3' \
    ranks 3 "${train[@]}" --shards 2 --output refused

# differing NAME WORDS A -- B: rank 0 is started with the arguments A, rank 1 with B.
differing() {
    local name=$1 words=$2 first=()
    shift 2
    while [[ $1 != -- ]]; do
        first+=("$1")
        shift
    done
    shift
    expect "ranks that differ: $name" 1 "$words" timeout -k 5 "$limit" \
        mpirun -n 1 "$binary" "${first[@]}" : -n 1 "$binary" "$@"
}
differing "seed" $'--seed\nrank 0.*`1`\nrank 1.*`2`' \
    "${train[@]}" --output differing --seed 1 -- "${train[@]}" --output differing --seed 2
differing "data" "fingerprint" "${train[@]}" --output differing -- "${common[@]}" --data other.h5 --output differing
differing "model" "model" "${train[@]}" --output differing -- "${train[@]}" --model mlp --output differing
differing "epochs" "epochs" "${train[@]}" --output differing -- "${train[@]}" --epochs 5 --output differing
differing "shards" "shards" "${train[@]}" --output differing -- "${train[@]}" --shards 4 --output differing
differing "no data on one" "none.h5" \
    "${train[@]}" --output differing -- "${common[@]}" --data none.h5 --output differing

# A rank with another command, or none, would leave the others waiting.
differing "another command" $'do not agree on the command: rank 0 has .train., rank 1 has .evaluate.' \
    "${train[@]}" --output differing -- evaluate differing/best.h5 --data data.h5
differing "a command for rank 0 alone" $'the command: rank 0 has .train., rank 1 has .models.' \
    "${train[@]}" --output differing -- models
differing "a command for rank 0 alone, the other way" $'the command: rank 0 has .data inspect., rank 1 has .train.' \
    data inspect data.h5 -- "${train[@]}" --output differing
differing "--print-config" $'the command: rank 0 has .train., rank 1 has .only print: .*--print-config' \
    train "${train[@]}" --output differing -- train "${train[@]}" --output differing --print-config
differing "--print-config, the other way" $'the command: rank 0 has .only print: .*--print-config.*, rank 1 has .train.' \
    "${train[@]}" --output differing --print-config -- "${train[@]}" --output differing
differing "--help" $'the command: rank 0 has .bench., rank 1 has .only print: --help' \
    bench --model mlp -- bench --help
differing "bench" $'do not agree on option --batch-size: rank 0 has .32., rank 1 has .64.' \
    bench --model mlp --batch-size 32 -- bench --model mlp --batch-size 64
differing "bench, the steps" $'do not agree on --steps: rank 0 has .1., rank 1 has .2.' \
    bench --model mlp --steps 1 -- bench --model mlp --steps 2
differing "--overwrite" 'do not agree on --overwrite: rank 0 has .true., rank 1 has .false.' \
    "${train[@]}" --output differing --overwrite -- "${train[@]}" --output differing
differing "--threads" 'do not agree on --threads: rank 0 has .1., rank 1 has .2.' \
    "${train[@]}" --output differing -- "${train[@]}" --output differing --threads 2
differing "whether a model is named" 'whether a model and data are named: rank 0 has .yes., rank 1 has .no.' \
    "${train[@]}" --output differing -- --output differing
verdict "ranks that differ leave no checkpoint behind" test ! -e differing/latest.h5

# --- Output folder --------------------------------------------------------------------------------------------------

expect "a run" 0 "finished" ranks 2 "${train[@]}" --output run
cp -a run before
unharmed() { diff -r before run >>output; }

expect "an output folder that is not empty" 1 $'run: .*not empty\n--resume\n--overwrite' ranks 2 "${train[@]}" --output run
verdict "it is unharmed" unharmed
expect "an output folder that cannot be made" 1 $'data.h5/run\n--output' ranks 2 "${train[@]}" --output data.h5/run
expect "an output folder that cannot be written to" 1 $'/proc\n--output' ranks 2 "${train[@]}" --output /proc --overwrite

differing "evaluate, the split" 'do not agree on split: rank 0 has .test., rank 1 has .train.' \
    evaluate run/latest.h5 --data data.h5 -- evaluate run/latest.h5 --data data.h5 --split train
differing "evaluate, the data" 'do not agree on data fingerprint' \
    evaluate run/latest.h5 --data data.h5 -- evaluate run/latest.h5 --data other.h5
differing "evaluate, how samples become inputs" 'do not agree on normalization' \
    evaluate run/latest.h5 --data data.h5 -- evaluate run/latest.h5 --data data.h5 --normalization unchanged
differing "evaluate, --confusion" 'do not agree on --confusion or --confusion-file' \
    evaluate run/latest.h5 --data data.h5 -- evaluate run/latest.h5 --data data.h5 --confusion
differing "predict, the models" 'do not agree on the number of models: rank 0 has .1., rank 1 has .2.' \
    predict run/latest.h5 --data data.h5 --top 1 -- predict run/latest.h5 run/best.h5 --data data.h5 --top 1
# Another build: the same program with a byte behind its end.
cp "$binary" another && printf x >>another
expect "ranks that differ: the program" 1 'do not agree on program: rank 0 has .[0-9a-f]+., rank 1 has' \
    timeout -k 5 "$limit" mpirun -n 1 "$binary" "${train[@]}" --output differing : \
    -n 1 ./another "${train[@]}" --output differing
rm another
# Other libraries on rank 1, by what they say of themselves. Another version of dptrain is in the rank tests.
cat >versions.c <<'END'
#include <stdio.h>
#include <string.h>
#ifdef MPI
int MPI_Get_library_version(char *text, int *length) { *length = sprintf(text, "Another MPI v9"); return 0; }
#else
size_t confstr(int name, char *text, size_t size) { (void)name; return snprintf(text, size, "glibc 9.9") + 1; }
#endif
END
compiler=$(command -v clang || command -v gcc)
"$compiler" -DMPI -shared -fPIC -o other-mpi.so versions.c && "$compiler" -shared -fPIC -o other-c.so versions.c
for library in 'MPI library:Another MPI v9:other-mpi.so' 'C library:glibc 9.9:other-c.so'; do
    IFS=: read -r fact version preloaded <<<"$library"
    expect "ranks that differ: $fact" 1 "do not agree on $fact: rank 0 has .*, rank 1 has .$version." \
        timeout -k 5 "$limit" mpirun -n 1 "$binary" "${train[@]}" --output differing : \
        -n 1 env LD_PRELOAD="./$preloaded" "$binary" "${train[@]}" --output differing
done

# --- Resuming -------------------------------------------------------------------------------------------------------

for count in 1 2; do
    expect "another model, $count" 1 $'model simple-cnn\nmlp\nanother --output' \
        ranks $count --resume --output run --model mlp
    expect "other data, $count" 1 $'fingerprint\n--data' ranks $count --resume --output run --data other.h5
    expect "another semantic option, $count" 1 $'--seed was 0, now 1\n--l2 was .*, now 0.5' \
        ranks $count --resume --output run --seed 1 --l2 0.5
    expect "another augmentation, $count" 1 $'--augment was not given, now flip\\(0.5\\)' \
        ranks $count --resume --output run --augment flip
    expect "no folder to resume from, $count" 1 $'nowhere.*no such folder\n--resume' ranks $count --resume --output nowhere
    mkdir -p hollow
    expect "nothing to resume, $count" 1 $'hollow.*no checkpoint\n--resume' ranks $count --resume --output hollow
    expect "no such checkpoint, $count" 1 $'none.h5' ranks $count --resume none.h5 --output run
    expect "a data file for a checkpoint, $count" 1 $'data.h5' ranks $count --resume data.h5 --output run
done
verdict "the run is unharmed" unharmed
expect "it resumes as it should" 0 "finished after 3 epochs" ranks 2 --resume --output run --epochs 3
differing "resume" "resume" --resume --output run -- "${train[@]}" --output run
differing "resume, the other way" "resume" "${train[@]}" --output differing -- --resume --output run
cp -a before hurt
for file in hurt/*.h5; do truncate -s 70000 "$file"; done
expect "damage everywhere" 1 $'hurt.*none of its .* checkpoints is whole\n--overwrite' ranks 2 --resume --output hurt

# --- Misfortunes ----------------------------------------------------------------------------------------------------

# A small disk: a file system of this test's own, where the machine lets it have one.
small_disk() {
    unshare -rm bash -c '
        mkdir -p disk && mount -t tmpfs -o size=2500k tmpfs disk || exit 99
        "$@" && exit 98
        echo "exit code $?"
        for file in disk/run/*.h5; do "$1" checkpoint verify "$file" || exit 97; done
        mount -o remount,size=60m disk && exec "$1" --resume --output disk/run' - "$@"
}
full_disk() {
    unshare -rm bash -c '
        mkdir -p disk && mount -t tmpfs -o size=100k tmpfs disk && echo old >disk/new.h5 || exit 99
        "$0" data generate --output disk/new.h5 --overwrite --train 200 --test 0 "$@" && exit 98
        echo "exit code $?, left are $(ls disk) $(cat disk/new.h5)"' "$binary" "$@"
}
# Without room for the first checkpoint. The folder that is left counts as new.
tiny_disk() {
    unshare -rm bash -c '
        mkdir -p disk && mount -t tmpfs -o size=400k tmpfs disk || exit 99
        "$@" && exit 98
        echo "exit code $?"
        mount -o remount,size=60m disk && exec "$@"' - "$@"
}
if unshare -rm bash -c 'mount -t tmpfs -o size=100k tmpfs /mnt' 2>/dev/null; then
    expect "a disk without room for data" 0 \
        $'new.h5: about 600.00 KB are needed.*; free some\nexit code 1, left are new.h5 old$' full_disk
    # How much compressed data need is not known before.
    expect "a disk that is full of data" 0 \
        $'new.h5.*No space left.*; see that the disk is not full\nexit code 1, left are new.h5 old$' full_disk \
        --images-per-chunk 16 --compression 1
    expect "a full disk" 0 \
        $'disk/run/.*No space left\ndisk is full\nearlier checkpoints are whole\nexit code 1\nfinished' \
        small_disk "$binary" "${train[@]}" --checkpoint-every-steps 1 --output disk/run
    expect "a disk full before the first checkpoint" 0 \
        $'disk/run: a checkpoint takes .* are free; make room\nexit code 1\nfinished' \
        tiny_disk "$binary" "${train[@]}" --output disk/run
    verdict "a disk full before the first checkpoint: nothing is said to be whole" lacks "are whole"
else
    echo "skipped: full disks (this machine gives no file systems away)"
fi

# The folder of Open MPI's own files is too small: mpirun itself would never come to its end.
small_session() {
    unshare -rm bash -c '
        mkdir -p session && mount -t tmpfs -o size=1m tmpfs session || exit 99
        TMPDIR=$PWD/session timeout -k 5 30 mpirun -n 2 "$@"' - "$@"
}
if unshare -rm bash -c 'mount -t tmpfs -o size=100k tmpfs /mnt' 2>/dev/null; then
    expect "no room for Open MPI" 1 $'/session, which has [0-9]+ KiB left\nTMPDIR' \
        small_session "$binary" "${train[@]}" --output nowhere
fi

# Waits a while for a process to end; one that has ended but that nobody asked about (a zombie) has.
await_end() {
    local attempt
    for ((attempt = 0; attempt < 50; attempt++)); do
        grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null || return 0
        sleep 0.1
    done
    return 1
}

# The others are taken down with a rank that dies, soon, and the run can be resumed.
rank_killed() {
    mpirun --timeout "$limit" -n 3 "$binary" "${train[@]}" --epochs 500 --output killed &
    local job=$! children
    until [[ -f killed/log.jsonl && $(wc -l <killed/log.jsonl) -ge 3 ]]; do
        kill -0 $job || break
        sleep 0.05
    done
    children=$(pgrep -P $job)
    kill -KILL "$(tail -n 1 <<<"$children")"
    wait $job
    local code=$?
    for child in $children; do await_end "$child" || echo "$child is still there"; done
    return $code
}
expect "a rank is killed" 137 "signal 9" rank_killed
verdict "all ranks ended" lacks "still there"
expect "what it saved is whole" 0 "" alone checkpoint verify killed/latest.h5

# A shell that `salloc` gave may start steps of several tasks, and is one process.
expect "one process in a job of several tasks" 0 "" \
    env SLURM_JOB_ID=7 SLURM_NTASKS=4 timeout "$limit" "$binary" evaluate run/best.h5 --data data.h5
# Slurm's `srun` without MPI: several processes that each believe they are alone.
expect "processes that do not find each other" 1 $'2 processes were started together\nmpirun' \
    env SLURM_NTASKS=2 SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=0 timeout "$limit" "$binary" "${train[@]}" --output isolated

finish
