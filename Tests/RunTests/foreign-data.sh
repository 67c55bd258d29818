#!/bin/bash
# Files of other programs, trained on and evaluated as they are: those of DataPipelineTests/Golden/Foreign, 12 images 6x5x3.
# Tests/RunTests/foreign-data.sh PATH-TO-DPTRAIN
files=$(realpath "$(dirname "$0")/../DataPipelineTests/Golden/Foreign")
source "$(dirname "$0")/support.sh"

# train FOLDER FILE OPTIONS...
train() {
    local folder=$1 file=$2
    shift 2
    alone --model mlp --batch-size 8 --epochs 2 --overwrite --output "$folder" --data "$files/$file" "$@"
}

expect "rows of a test split are not trained on" 0 $': 7 samples of 6x5x3, 4 classes\nnote .*train 0 to 6, validation 7 to 8, test 9 to 11' \
    train fuel fuel.h5
expect "integer targets are class numbers for a cross-entropy" 0 "4 classes" \
    train shares fuel.h5 --loss categorical_crossentropy
expect "and numbers for a regression" 0 "1 target values" train regression fuel.h5 --model ann-regression
expect "a resumed run reads them alike" 0 "finished after 3 epochs" alone --resume --output fuel --data "$files/fuel.h5" --epochs 3
expect "a resumed regression, too" 0 "finished after 3 epochs" \
    alone --resume --output regression --data "$files/fuel.h5" --epochs 3
expect "labels in a file of their own" 0 "2 classes" train pair pcam-x.h5 --labels "$files/pcam-y.h5:/y"
expect "they evaluate" 0 "on 12 train samples" \
    alone evaluate pair/best.h5 --data "$files/pcam-x.h5" --labels "$files/pcam-y.h5:/y"
expect "MATLAB's axes are turned round, and told" 0 "note .*an array 6x5x3x12 of MATLAB" train matlab matlab.mat
expect "the same images in another order give the same weights" 0 "" train caffe enumeration.h5
verdict "their checkpoints hold the same weights" \
    bash -c '"$0" checkpoint diff matlab/latest.h5 caffe/latest.h5 | grep -q "data fingerprint\|fingerprint" &&
        ! "$0" checkpoint diff matlab/latest.h5 caffe/latest.h5 | grep -q kernel' "$binary"
expect "labels from 1 are told" 0 "warning .*class 0 has no sample; if labels count from 1, say --label-offset 1" \
    train offset matlab-grey.mat
expect "and shifted" 0 $': 12 samples of 6x5x1, 4 classes' train offset matlab-grey.mat --label-offset 1
expect "an evaluation shifts them alike" 0 "loss" alone evaluate offset/best.h5 --data "$files/matlab-grey.mat"
expect "words" 0 "note .*classes in this order: ape, bee, cat, dog" train words words.h5
expect "words get the numbers of the model" 0 "on 3 test samples" alone evaluate words/best.h5 --data "$files/words.h5"
expect "classes that the model lacks" 1 'the label of sample 1 is "yak", which is none of the 4 classes' \
    alone evaluate words/best.h5 --data "$files/words-new.h5"
expect "wide integers: the range is told" 0 "note .*uint16 values of /images are from 0 to [0-9]+, and divided by 65535" \
    train wide uint16.h5
expect "wide integers without a clear range" 1 "/images: its int16 values are from -100 to .*--value-range LOW:HIGH" \
    train signed int16.h5
expect "their range is said" 0 "finished" train signed int16.h5 --value-range=-100:155
expect "the range goes with the checkpoint" 0 "loss" alone evaluate signed/best.h5 --data "$files/int16.h5"
expect "it takes the place of --normalization" 64 "value-range.*give one of them" \
    train both int16.h5 --value-range=0:1 --normalization unit
expect "rows of a list" 0 $': 4 samples of 6x5x3, 4 classes\nnote .*train 4 rows, 1 to 11, test 3 rows' \
    train listed fuel-list.h5
expect "image files as lists of bytes" 0 $'10 encoded images, .*\nnote .*/train/images are lists of bytes' \
    train vlen variable-length.h5 --input-size 8x8x3
expect "they are packed anew" 0 "10 train images as files, 2 classes" \
    alone data repack "$files/variable-length.h5" --output packed.h5
expect "the copy is trained on" 0 "10 encoded images" \
    alone --model mlp --batch-size 8 --epochs 2 --output packed --data packed.h5 --input-size 8x8x3
verdict "to the same weights" \
    bash -c '! "$0" checkpoint diff vlen/latest.h5 packed/latest.h5 | grep -q kernel' "$binary"

# One class is nothing to learn: a softmax over one output is always 1.
expect "a network with one output" 1 "it has one output, for which the loss .*--classes 2" train one one-class.h5
expect "one class of two" 0 "warning .*all 12 samples are of class 0" train one one-class.h5 --classes 2

finish
