#!/bin/sh
# The port matches every case that it does not decline, with every stage judged and no operation blamed; and each mistake of faults.tsv is
# noticed, first at a stage of its operation, which blame names alone. Usage: check.sh BUILD [OBJECTS], where BUILD has assay and longllama_port, and OBJECTS
# (BUILD/examples/port) the objects that mistakes are linked with. CC, CFLAGS and LDFLAGS of the environment compile the mistakes.
set -u
here=$(cd "$(dirname "$0")" && pwd)
goldens=$here/../../golden/data
build=$(cd "$1" && pwd) || exit 2
objects=$(cd "${2:-$1/examples/port}" && pwd) || exit 2
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
unset ASSAY_TAP_ONLY ASSAY_TAP_ADD

# The operation that a stage belongs to.
operation() {
    case $1 in
    schedule | input_ids | attention_mask) echo inputs ;;
    position_ids | self_attn.rel_pos_ids) echo positions ;;
    embed_tokens) echo embedding ;;
    input_layernorm | post_attention_layernorm | norm) echo norm ;;
    self_attn.[qkv]_proj) echo projections ;;
    self_attn.rotary_emb.* | self_attn.rotate_one.*) echo rotary ;;
    self_attn.mem_write.*) echo memory-write ;;
    self_attn.mem_read.*) echo memory-read ;;
    self_attn.attn_scores) echo scores ;;
    self_attn.attn_probs) echo softmax ;;
    self_attn.attn_output) echo values ;;
    self_attn.o_proj | attn_residual) echo output ;;
    mlp.* | output) echo mlp ;;
    logits) echo head ;;
    loss) echo loss ;;
    tokens) echo tokens ;;
    key | value | position | mem_key | mem_value | mem_mask) echo cache ;;
    *) echo "no operation ($1)" ;;
    esac
}

# One mistake. Prints a line when it is not noticed as it should be.
check_fault() {
    name=$1 work=$2
    wanted=$(awk -F'\t' -v name="$name" '$1 == name { print $2 }' "$here/faults.tsv")
    case=$(awk -F'\t' -v name="$name" '$1 == name { print $3 }' "$here/faults.tsv")
    "$here/plant.sh" "$name" "$work/$name" "$objects" || { echo "port: $name cannot be planted"; return; }
    ASSAY_TAP="$work/$name/dump" "$work/$name/longllama_port" "$work/suite/cases/$case" ||
        { echo "port: $name: the port stops on $case"; return; }
    text=$("$build/assay" compare "$goldens/$case.h5" "$work/$name/dump")
    code=$?
    first=$(operation "$(printf '%s\n' "$text" | sed -n 's/^ *First divergence: \([^ ]*\) of .*/\1/p')")
    [ "$code" = 1 ] || echo "port: $name is not noticed by $case (exit code $code)"
    # A golden that lacks stages of the dump shows the mistake later, at the first that it holds.
    extra=$(printf '%s\n' "$text" | awk -v case="$case" '$1 == case { print $6; exit }')
    [ "$first" = "$wanted" ] || [ "${extra:-0}" -gt 0 ] || echo "port: $name shows first in $first, not in $wanted"
    blamed=$("$build/assay" blame "$goldens/$case.h5" "$work/$name/dump")
    [ "$(printf '%s\n' "$blamed" | sed -n '1p')" = "blamed: $wanted" ] || echo "port: $name: $(printf '%s\n' "$blamed" | sed -n '1p'), not $wanted"
    printf '%s\n' "$blamed" | grep 'At least one of these' >/dev/null && echo "port: $name: others than $wanted are suspected"
    rm -rf "${work:?}/$name"
}
if [ $# = 4 ]; then
    check_fault "$3" "$4"
    exit
fi

work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
"$build/assay" conformance export "$work/suite" "$goldens" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }

# Without a mistake: a declined case says so in one line and with exit code 2.
matched=0 declined=0
for folder in "$work"/suite/cases/*; do
    case=${folder##*/}
    ASSAY_TAP="$work/dump" "$build/longllama_port" "$folder" 2>"$work/log"
    code=$?
    if [ "$code" = 2 ] && [ "$(grep -cE 'this port (runs|computes)' "$work/log")" = 1 ] && [ ! -e "$work/dump" ]; then
        declined=$((declined + 1))
    elif [ "$code" = 0 ] && "$build/assay" compare "$goldens/$case.h5" "$work/dump" --require-all >"$work/log" 2>&1 &&
        { [ -z "$(ls "$work/dump/steps" 2>/dev/null)" ] || "$build/assay" blame "$goldens/$case.h5" "$work/dump" >"$work/log" 2>&1; }; then
        matched=$((matched + 1))
    else
        echo "port: $case: exit code $code"
        cat "$work/log"
    fi
    rm -rf "$work/dump"
done >"$work/clean"
# shellcheck disable=SC2012 # the names of cases are plain
total=$(ls "$work/suite/cases" | wc -l)

# The same cases as requests of assay-port-protocol/1 to one process (docs/fuzz-protocol.md).
id=0
for folder in "$work"/suite/cases/*; do
    id=$((id + 1))
    printf '{"id":%d,"case":"%s/case.json","model":"%s","dump":"%s/served/%s"}\n' "$id" "$folder" "$folder" "$work" "${folder##*/}"
done >"$work/requests"
"$build/longllama_port" --serve <"$work/requests" >"$work/answers" 2>"$work/log" || echo "port: --serve ends with exit code $?" >>"$work/clean"
ok=$(grep -cE '^\{"id":[0-9]+,"ok":true\}$' "$work/answers")
unsupported=$(grep -cE '^\{"id":[0-9]+,"unsupported":".*this port .*"\}$' "$work/answers")
"$build/assay" conformance score "$work/served" "$work/suite" >"$work/score" || { cat "$work/score" "$work/log"; } >>"$work/clean"
[ "$ok $unsupported $(wc -l <"$work/answers")" = "$matched $declined $((total + 1))" ] && grep -q "; $matched of $total cases match" "$work/score" ||
    echo "port: --serve answers ok to $ok cases, unsupported to $unsupported; $(tail -n 1 "$work/score")" >>"$work/clean"

grep -v '^#' "$here/faults.tsv" | cut -f 1 | xargs -P "$(nproc)" -I{} "$0" "$build" "$objects" {} "$work" >"$work/faults" 2>&1
cat "$work/clean" "$work/faults"
echo "port: $matched of $total cases match, $declined declined; $(grep -vc '^#' "$here/faults.tsv") mistakes planted"
[ "$matched" -gt 0 ] && [ ! -s "$work/clean" ] && [ ! -s "$work/faults" ]
