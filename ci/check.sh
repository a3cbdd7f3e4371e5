#!/bin/sh
# Runs ci/check-port as a CI does. Usage: ci/check.sh BUILD, where BUILD has assay and longllama_port.
set -eu
cd "$(dirname "$0")/.."
build=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY GITHUB_EVENT_NAME CI_PIPELINE_SOURCE ASSAY_TAP_ONLY ASSAY_TAP_ADD
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" # of programs that are killed
complain() { echo "ci: $*" >&2; exit 1; }

# EXPECTED_CODE TEXT OPTIONS... : check-port exits with the code, and says the text on either stream.
expect() {
    code=$1 text=$2
    shift 2
    status=0
    ci/check-port --assay "$build/assay" --out "$work/out" "$@" >"$work/said" 2>&1 || status=$?
    [ "$status" = "$code" ] || { cat "$work/said" && complain "exit code $status, not $code: check-port $*"; }
    grep -qF -- "$text" "$work/said" || { cat "$work/said" && complain "'$text' is not said: check-port $*"; }
}
# What a job publishes is there, whatever the verdict, and says it.
reports() { # VERDICT
    for file in index.html junit.xml summary.md result.json; do
        [ -s "$work/out/$file" ] || complain "$file is not there"
    done
    grep -q "\"verdict\": *\"$1\"" "$work/out/result.json" || complain "result.json does not say $1"
    xmllint --noout "$work/out/junit.xml"
    said=pass
    ! grep -qE '<(failure|error)[ >]' "$work/out/junit.xml" || said=fail
    [ "$said" = "$1" ] || complain "junit.xml says $said"
}

mkdir "$work/goldens"
for name in one-window classify-single error-act; do ln -s "$PWD/golden/data/$name.h5" "$work/goldens"; done
export PORT="$build/longllama_port"

# A port that is right, and does not classify, which it says or not.
# shellcheck disable=SC2016 # CASE, DUMP and PORT are for the port's shell
right='"$PORT" "$CASE"'
expect 0 '1 unsupported by the port' --goldens "$work/goldens" --run "$right"
reports pass
expect 0 '1 unsupported by the port' --goldens "$work/goldens" --run "$right" --port examples/port/port.json --shard 1/1
mkdir "$work/shards"
mv "$work/out" "$work/shards/1"
expect 0 'match: ' --merge "$work/shards"
reports pass

# A baseline that is not there yet, and one that holds.
expect 0 'there is no' --goldens "$work/goldens" --run "$right" --baseline "$work/baseline.json"
"$build/assay" baseline accept "$work/out/result.json" --out "$work/baseline.json" >/dev/null
expect 0 'match: ' --goldens "$work/goldens" --run "$right" --baseline "$work/baseline.json"

# One that is wrong: its reports are there, and GitHub is told.
CC=${CC:-cc} CFLAGS='' examples/port/plant.sh rotary-sign "$work/wrong"
wrong=$work/wrong/longllama_port
export GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY="$work/step"
expect 1 '::error' --goldens "$work/goldens" --run "'$wrong' \"\$CASE\""
reports fail
cmp "$work/step" "$work/out/summary.md"
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY

# One that stops, one that hangs, one that says nothing.
expect 1 'the port ended with exit code 139' --goldens "$work/goldens" --run 'echo "a \"quoted\" word"; kill -11 $$'
reports fail
grep -q 'quoted' "$work/out/junit.xml" || complain "junit.xml does not say what the port said"
# shellcheck disable=SC2016 # CASE and PORT are for the port's shell
expect 1 'could not be compared' --goldens "$work/goldens" --run 'case $CASE in */error-act) exit 7 ;; *) "$PORT" "$CASE" ;; esac'
reports fail
expect 1 'the port ended with exit code 5' --goldens "$PWD/golden/data/one-window.h5" --run 'printf "%04000d" 0 | tr 0 "\""; exit 5'
reports fail
expect 1 'did not end within 1 seconds' --goldens "$PWD/golden/data/one-window.h5" --run 'sleep 30' --timeout 1
expect 1 'wrote no dump' --goldens "$PWD/golden/data/one-window.h5" --run ':'
reports fail

# Dumps that are there; one that cannot be read.
"$build/assay" conformance export "$work/suite" "$work/goldens" >/dev/null
mkdir -p "$work/dumps"
ASSAY_TAP=$work/dumps/one-window "$PORT" "$work/suite/cases/one-window"
expect 1 'not run: there is no dump of it' --goldens "$work/goldens" --dumps "$work/dumps"
reports fail
grep -q 'ci/check-port --assay ' "$work/out/index.html" || complain "the page does not say how to see it again"
expect 0 'match: 1 of 1 case' --goldens "$work/goldens" --dumps "$work/dumps" --partial
reports pass
echo garbage >"$work/dumps/error-act.safetensors"
expect 2 'error-act.safetensors' --goldens "$work/goldens" --dumps "$work/dumps"
reports fail

# The engine in shards; one that is missing does not go unseen.
for i in 1 2; do
    expect 0 'match: ' --engine --goldens "$work/goldens" --shard "$i/2"
    rm -rf "$work/shards/$i" && mv "$work/out" "$work/shards/$i"
done
expect 0 'match: 3 of 3 cases match' --merge "$work/shards"
rm -r "$work/shards/2"
expect 2 'is one of 2 shards, of which 1 are missing, first 2/2' --merge "$work/shards"

# Fuzzing, alone and with the rest.
expect 0 'PASS: ' --fuzz "$PORT --serve" --time 1 --regressions fuzz/regressions
expect 1 'FAIL: ' --fuzz "$wrong --serve" --time 1 --engine --goldens "$work/goldens"
[ -n "$(ls "$work/out/fuzz-finds")" ] || complain "no folder of finds"
grep -q 'FAIL: ' "$work/out/summary.md" || complain "summary.md does not say what fuzzing found"

# Bad input: one line, exit code 2.
expect 2 'say what to check'
expect 2 'there is no option --frob' --frob 1
expect 2 'a value is missing' --run
expect 2 'not --engine and --dumps' --engine --dumps x
expect 2 "--shard is '3/2'" --engine --shard 3/2
expect 2 'nowhere.json: is not there' --engine --policy nowhere.json
expect 2 'no result.json below it' --merge "$work/goldens"
expect 2 'nowhere: ' --dumps "$work/nowhere"
echo "ci/check-port: as its help and docs/ci.md say"
