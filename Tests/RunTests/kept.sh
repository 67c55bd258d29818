#!/bin/bash
# Files of an earlier version go on being read: a data set and a checkpoint in Kept/, written by the version whose checkpoints
# first had this form (a network with an auxiliary output, Adam, L2, after one epoch on two ranks).
# And one from before partners of mixed samples could be chosen, when they were of the same shard (auxiliary.json, SGD at 0.05, batches of 20
# in 5 shards, flip and mixup, after one epoch).
# Tests/RunTests/kept.sh PATH-TO-DPTRAIN
kept=$(realpath "$(dirname "$0")")/Kept
source "$(dirname "$0")/support.sh"

expect "the data set is understood" 0 "train: 40 samples of 32x32x3
test: 20 samples" alone data inspect "$kept/data.h5"
expect "the checkpoint is whole" 0 "" alone checkpoint verify "$kept/checkpoint.h5"
# As that version computed it.
expect "it evaluates to the same loss" 0 '"loss":2\.33697' \
    alone evaluate "$kept/checkpoint.h5" --data "$kept/data.h5" --json
expect "by the engine blas, too" 0 '"loss":2\.33697' \
    alone evaluate "$kept/checkpoint.h5" --data "$kept/data.h5" --engine blas --json
expect "it resumes" 0 "finished after 2 epochs" \
    ranks 2 --resume "$kept/checkpoint.h5" --data "$kept/data.h5" --output more --epochs 2
expect "to the loss that version came to" 0 '"loss":2\.33496' alone evaluate more/latest.h5 --data "$kept/data.h5" --json
expect "mixed samples" 0 "finished after 3 epochs" \
    ranks 2 --resume "$kept/mixed.h5" --data "$kept/data.h5" --output mixed --epochs 3
expect "are mixed as they were" 0 '"loss":2\.303387' alone evaluate mixed/latest.h5 --data "$kept/data.h5" --json
expect "and not otherwise from then on" 1 "--augment was" \
    alone --resume "$kept/mixed.h5" --data "$kept/data.h5" --output other --augment "flip, mixup"

finish
