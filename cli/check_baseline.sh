#!/bin/sh
# Baselines and the history with the program itself: other BLAS kernels do not drift, another arithmetic and lost stages do, and what is
# stored comes back. Usage: cli/check_baseline.sh BUILD
set -eu
cd "$(dirname "$0")/.."
assay=$PWD/$1/assay
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
complain() { echo "baseline: $*" >&2; exit 1; }
goldens="golden/data/windows-3-all.h5 golden/data/decode-flip.h5 golden/data/left-pads.h5 golden/data/half-bf16-windows.h5"
for golden in $goldens; do [ -e "$golden" ] || complain "$golden is not there"; done

# CODE TEXT WORDS...: the program exits with the code, and says the text.
expect() {
    code=$1 text=$2 status=0
    shift 2
    "$assay" "$@" >"$work/said" 2>&1 </dev/null || status=$?
    [ "$status" = "$code" ] || { cat "$work/said" && complain "exit code $status, not $code: assay $*"; }
    grep -qF -- "$text" "$work/said" || { cat "$work/said" && complain "'$text' is not said: assay $*"; }
}

# A machine that lacks a kernel's instructions takes one that it has.
for kernel in Prescott Haswell SkylakeX; do
    # shellcheck disable=SC2086 # names of files have no spaces
    OPENBLAS_CORETYPE=$kernel "$assay" verify $goldens --threads 1 --json "$work/$kernel.json" >/dev/null
done
for before in Prescott Haswell SkylakeX; do
    expect 0 'accepted: 4 cases' baseline accept "$work/$before.json" --out "$work/$before"
    for now in Prescott Haswell SkylakeX; do
        expect 0 'nothing moved beyond noise' baseline diff "$work/$before" "$work/$now.json"
    done
done

# What is accepted again changes no byte where nothing moved.
cp "$work/Haswell" "$work/kept"
expect 0 'nothing moved' baseline accept "$work/SkylakeX.json" --out "$work/kept"
cmp -s "$work/Haswell" "$work/kept" || complain "noise changed a baseline that was accepted again"

first=golden/data/windows-3-all.h5
expect 0 'nothing moved' verify $first --baseline "$work/Haswell"
expect 0 'match' verify $first --json "$work/one.json"
expect 2 'was accepted in float32, and this run computes in float64' verify $first --dtype float64 --baseline "$work/Haswell"
sed 's/"logits": {"places": 1/"logits": {"places": 2/' "$work/Haswell" >"$work/more"
expect 1 'DRIFT: 1 of 1 case matches' verify $first --baseline "$work/more" --json "$work/drift.json"
expect 1 'vanished' report "$work/drift.json"
expect 1 'moved' verify $first --baseline "$work/Haswell" --mistake memory-keys-at-position-ids --json "$work/wrong.json"
expect 0 'left out:' baseline accept "$work/wrong.json" --out "$work/wrong"
expect 1 'vanished' merge "$work/one.json" --baseline "$work/Haswell"
expect 0 'nothing moved' merge "$work/one.json" --baseline "$work/Haswell" --part
expect 2 '--part goes with --baseline' merge "$work/one.json" --part
expect 2 "the format is 'assay-result/1'; a baseline is" baseline show "$work/drift.json"
expect 2 'say --out FILE' baseline accept "$work/Haswell.json"

expect 0 'added' history add "$work/drift.json" "$work/Haswell.json" --db "$work/h.db" --label commit=a
expect 0 'already there' history add "$work/drift.json" --db "$work/h.db" --label commit=a
expect 2 '--label commit is given twice' history add "$work/drift.json" --db "$work/h.db" --label commit=a --label commit=b
expect 0 '2 runs' history list --db "$work/h.db" --label commit=a
expect 0 '0 runs' history list --db "$work/h.db" --label commit=b
"$assay" history export --db "$work/h.db" >"$work/runs"
expect 0 '2 runs added' history import "$work/runs" --db "$work/h2.db"
(cat "$work/runs" && echo '{}') >"$work/broken"
expect 2 'run 3' history import "$work/broken" --db "$work/new.db"
expect 2 "the format is" history import "$work/drift.json" --db "$work/new.db"
expect 2 'cannot be read' history import "$work/none" --db "$work/new.db"
expect 2 'runs:' history add "$work/runs" --db "$work/new.db"
[ ! -e "$work/new.db" ] || complain "a run that cannot be read made a database"
"$assay" history import - --db "$work/new.db" <"$work/runs" >/dev/null
"$assay" history export --db "$work/new.db" | cmp -s - "$work/runs" || complain "what came by standard input is not what was exported"
"$assay" history export --db "$work/h2.db" | cmp -s - "$work/runs" || complain "an import is not what was exported"
expect 0 '2 runs ->' history report --db "$work/h.db" --html "$work/trend.html"
if command -v xmllint >/dev/null 2>&1; then xmllint --noout "$work/trend.html" || complain "the page of a trend is not well-formed"; fi
expect 0 '1 run ->' history report --db "$work/h.db" --html "$work/trend-1.html" --last 1
expect 0 '</html>' history report --db "$work/h.db" --html -
[ ! -e ./- ] || complain "a file is called -"
expect 2 'names a file' baseline accept "$work/Haswell.json" --out -
expect 2 'no history' history list --db "$work/runs"
expect 2 'say --db FILE' history list
echo "baseline: clean"
