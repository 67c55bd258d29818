#!/bin/bash
# Two hosts, which are network namespaces of this machine, with one and with two ranks each: a part of scripts/check-hosts.
# They compute the bits of one rank, and send no more bytes than they must.
# Tests/FaultTests/hosts.sh PATH-TO-DPTRAIN
# It is skipped where namespaces are not permitted.
set -uo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")/../.."

# Its last line counts what was tried and what failed.
report=$(scripts/check-hosts --program "$program" --rates 10 --steps 10 --keep-hosts --layouts 2x1 2x2)
code=$?
echo "$report"
if [[ $code -eq 77 ]]; then
    echo "SKIPPED  hosts: namespaces are not to be had"
    echo "0 passed, 0 failed"
    exit 0
fi
counts=$(tail -n 1 <<<"$report")
if [[ $counts =~ ^([0-9]+)\ tried,\ ([0-9]+)\ failures$ ]]; then
    failed=${BASH_REMATCH[2]}
    echo "$((BASH_REMATCH[1] > failed ? BASH_REMATCH[1] - failed : 0)) passed, $failed failed"
else
    echo "0 passed, 1 failed"
fi
exit $code
