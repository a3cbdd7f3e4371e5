#!/bin/sh
# Runs 'assay fuzz' as its users do. Usage: fuzz/check.sh BUILD
set -eu
cd "$(dirname "$0")/.."
assay=$1/assay port=$1/longllama_port
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
complain() { echo "fuzz: $*" >&2; exit 1; }

# EXPECTED CODE WORDS... : the program exits with the code, and says the text on either stream.
expect() {
    text=$1 code=$2
    shift 2
    status=0
    "$assay" fuzz "$@" >"$work/said" 2>&1 || status=$?
    [ "$status" = "$code" ] || { cat "$work/said" && complain "exit code $status, not $code: assay fuzz $*"; }
    grep -qF -- "$text" "$work/said" || { cat "$work/said" && complain "'$text' is not said: assay fuzz $*"; }
}

# A right port passes; the same seed gives the same report, whole or in shards; a wrong one is found, run again, and kept.
expect 'PASS: ' 0 --port "$port --serve" --cases 30 --seed 2 --out "$work/none"
[ ! -e "$work/none" ] || complain "a folder for finds that there are none of"
expect 'PASS: ' 0 --replay fuzz/regressions
expect 'PASS: ' 0 --replay fuzz/regressions --port "$port --serve"
mistake=memory-mask-missing
expect 'smallest   1 token' 1 --mistake $mistake --cases 40 --shrink 200 --out "$work/finds" --json "$work/a.json"
expect 'FAIL: ' 1 --mistake $mistake --cases 40 --shrink 200 --out "$work/finds" --json "$work/b.json"
expect 'shard 1/2' 1 --mistake $mistake --cases 40 --shrink 200 --out "$work/finds" --json "$work/1.json" --shard 1/2
expect 'shard 2/2' 1 --mistake $mistake --cases 40 --shrink 200 --out "$work/finds" --json "$work/2.json" --shard 2/2
expect 'FAIL: 40 cases' 1 --merge "$work/2.json" "$work/1.json" --json "$work/c.json"
cmp "$work/a.json" "$work/b.json"
cmp "$work/a.json" "$work/c.json"
find=$(find "$work/finds" -mindepth 1 -maxdepth 1 -type d | sort | head -n 1)
expect 'mismatch' 1 --replay "$work/finds" --mistake $mistake
expect "$work/cases/" 0 --adopt "$find" --into "$work/cases"
expect 'PASS: 1 stored case of port' 0 --replay "$work/cases" --port "$port --serve"
"$assay" blame "$find/golden.h5" "$find/candidate.h5" >/dev/null && complain "blame finds nothing in $find"

# Bad input: one line, exit code 2.
expect 'does not start as assay-port-protocol/1 wants' 2 --port 'exit 3' --cases 1
expect 'whole number from 1' 2 --cases 0
expect 'give I/N' 2 --shard 3/2
expect 'does not go with --merge' 2 --merge --seed 1 "$work/a.json"
expect 'which 1 are missing' 2 --merge "$work/1.json"
expect 'cannot be read' 2 --replay "$work/nowhere"
expect 'only --merge takes files' 2 "$work/a.json"
expect 'not both' 2 --port x --mistake $mistake

# Nothing is left behind, whatever a port does.
greet='{"protocol": "assay-port-protocol/1"}'
ASSAY_FUZZ_CHECK=$$
export ASSAY_FUZZ_CHECK
expect 'crashed' 1 --port "echo '$greet'; sleep 1000 & setsid sleep 1000 & read -r x; kill -9 \$\$" --cases 1 --shrink 0 \
    --out "$work/crashed"
unset ASSAY_FUZZ_CHECK
left=$(grep -lz "^ASSAY_FUZZ_CHECK=$$\$" /proc/[0-9]*/environ 2>/dev/null || true)
[ -z "$left" ] || complain "processes of a port are left behind: $left"
echo "assay fuzz: as its help and docs/fuzzing.md say"
