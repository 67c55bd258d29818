#!/bin/bash
# No object file of the program uses Foundation, which brings ICU and makes the program three times as large. A file needs no
# import for that: a call such as contains("*") takes Foundation's function if some module makes it visible.
# Tests/BuildTests/no-foundation.sh FOLDER-OF-PRODUCTS
set -u
sources=$(realpath "$(dirname "$0")/../../Sources")
products=$(realpath "${1:?give the folder of the products}")
passed=0
failed=0
for folder in "$sources"/*/; do
    objects=$products/$(basename "$folder").build
    # Modules of C headers have no objects.
    [[ -n $(find "$folder" -name '*.swift' -print -quit) ]] || continue
    if [[ ! -d $objects ]]; then
        echo "FAILED  $(basename "$folder"): there are no object files in $objects"
        failed=$((failed + 1))
    elif users=$(grep --recursive --files-with-matches --include='*.o' 10Foundation "$objects"); then
        echo "FAILED  $(basename "$folder"): expected no symbol of Foundation, and found some in:" $users
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
