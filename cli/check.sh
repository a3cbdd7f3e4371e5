#!/bin/sh
# Uses the program as people and shells do: help, man pages, completions, hints, --quiet, --verbose, progress. Usage: cli/check.sh BUILD
# shellcheck disable=SC2013,SC2015 # words of lists have no spaces; complain ends it
set -eu
cd "$(dirname "$0")/.."
assay=$PWD/$1/assay
work=$(mktemp -d)
trap 'wait; rm -rf "$work"' EXIT
complain() { echo "cli: $*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1 || { echo "cli: $1 is not there, so nothing is tested with it" >&2; return 1; }; }

# CODE TEXT WORDS... : the program exits with the code, and says the text on either stream; "" is nothing at all.
expect() {
    code=$1 text=$2 status=0
    shift 2
    "$assay" "$@" >"$work/said" 2>&1 </dev/null || status=$?
    [ "$status" = "$code" ] || { cat "$work/said" && complain "exit code $status, not $code: assay $*"; }
    if [ -n "$text" ]; then grep -qF -- "$text" "$work/said"; else [ ! -s "$work/said" ]; fi ||
        { cat "$work/said" && complain "'$text' is not said: assay $*"; }
}
golden=golden/data/windows-3-all.h5
mistake=memory-keys-at-position-ids

# Progress: on a terminal, after a second, cleared at the end. Beside the rest, for it takes seconds.
terminal() { TERM=xterm script -qec "$*" /dev/null </dev/null; }
check_progress() {
    long="$assay fuzz --time 2.2 --out $work/finds" short="$assay fuzz --time 1.3 --out $work/finds"
    terminal "$long" | tr '\r' '\n' >"$work/lines"
    grep -q 'cases: [0-9]*, .*boundary cells' "$work/lines" && grep -q ', about 0:0[01] left' "$work/lines" || complain "no progress is shown on a terminal"
    grep -v '^$' "$work/lines" | tail -n 1 | grep -q '^PASS' || complain "the line of progress is left behind"
    grep -q 'K0:00' "$work/lines" && complain "progress is shown before a second has gone"
    terminal "$assay verify $golden" >"$work/lines"
    grep -q '\[0/1\]' "$work/lines" && complain "progress is shown for what is done at once"
    terminal "$short --quiet" >"$work/lines"
    [ ! -s "$work/lines" ] || complain "--quiet says something on a terminal"
    $short 2>"$work/lines" >/dev/null
    [ ! -s "$work/lines" ] || complain "progress goes to what is no terminal"
}
check_progress &
progress=$!

# Help, in all ways to ask for it; man pages and completions have what it has.
commands=$("$assay" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
"$assay" man --out "$work"
for shell in bash zsh fish; do "$assay" completions $shell >"$work/$shell"; done
for command in $commands; do
    "$assay" "$command" --help >"$work/help"
    "$assay" help "$command" | cmp - "$work/help"
    "$assay" "$command" -h | cmp - "$work/help"
    sed 's/\\f[BIR]//g; s/\\-/-/g' "$work/assay-$command.1" >"$work/page"
    for option in $(sed -n 's/^  .....\(--[a-z-]*\).*/\1/p' "$work/help"); do
        grep -q "^\(-., \)\?$option\( \|\$\)" "$work/page" || complain "assay-$command.1 lacks $option"
        grep -q -- "$option" "$work/bash" && grep -q -- "$option" "$work/zsh" && grep -q -- "-l ${option#--} " "$work/fish" ||
            complain "completions lack $option"
    done
done
for name in $(grep -ho --exclude="test_*" 'getenv("[A-Z_]*")' core/*.c engine/*.c golden/*.c compare/*.c run/*.c blame/*.c reports/*.c cli/*.c fuzz/work_folder.c |
    sed 's/.*"\(.*\)".*/\1/' | sort -u); do
    grep -q "fB$name" "$work/assay.1" || complain "assay.1 does not list $name, which the program reads"
done
if has mandoc; then mandoc -T lint "$work"/*.1 || complain "man pages have warnings"; fi
if has groff; then
    for page in "$work"/*.1; do groff -man -ww -z "$page" >>"$work/warnings" 2>&1; done
    [ ! -s "$work/warnings" ] || { cat "$work/warnings" && complain "man pages have warnings"; }
fi

# The version: its first line alone is for scripts.
"$assay" --version >"$work/version"
[ "$(head -n 1 "$work/version")" = "assay $(sed -n 's/.*ASSAY_VERSION "\(.*\)"/\1/p' core/version.h)" ] || complain "the version's first line"
for fact in compiler flags hdf5 cjson blas blas-kernel xxhash threads; do
    grep -q "^$fact  *[^ ]" "$work/version" || complain "--version does not say: $fact"
done

# Hints at what may be meant, and none at what is far.
expect 2 "unknown command 'verfy'; did you mean 'verify'?" verfy
expect 2 "unknown command 'cmp'; 'assay --help' lists the commands" cmp
expect 2 "unknown command 'veirfy'; did you mean 'verify'?" help veirfy
expect 2 "stand after the command" --json
expect 2 "unknown option '--polcy'; did you mean '--policy'?" verify --polcy=x
expect 2 "unknown option '--frob'; see 'assay verify --help'" verify --frob
expect 2 "unknown option '-x'" verify -x
expect 2 "option '--all' takes no argument" verify --all=1
expect 2 "'memory-key-at-position-ids' is no known mistake; did you mean '$mistake'?" verify --mistake memory-key-at-position-ids
expect 2 "no format 'junti'; did you mean 'junit'?" verify --report junti=x
expect 2 'there is 1 golden only' verify $golden --shard 2/3
for none in '' ',' "json=$work/none.json,"; do
    expect 2 'no format is named; say FORMAT=FILE' verify $golden --report "$none"
done
for option in --all --report=json=-; do
    "$assay" report reports/expected/pass.json "$option" 2>"$work/said" >/dev/full && complain "a full standard output is no error"
    [ "$(cat "$work/said")" = 'assay: cannot write to standard output' ] || complain "a full standard output is said twice"
done
expect 2 "did you mean 'MEM-1'?" explain MEN-1
expect 2 "did you mean 'zsh'?" completions zhs

# Rules and mistakes.
expect 0 'LongLlamaAttention.forward; rotate_as_if_first' explain mem-1
expect 0 "verify golden/data/cache-exact-all.h5 --mistake $mistake" explain $mistake
rules=$(sed -n 's/^- \([A-Z]*-[0-9]*\) .*/\1/p' docs/semantics.md)
# shellcheck disable=SC2086 # a list
expect 0 'MEM-1: ' explain $rules
for id in $rules; do grep -q "^$id: " "$work/said" || complain "$id is not explained"; done
expect 0 'ERR-1' explain --json "$work/rules.json"
grep -q '"assay-explain/1"' "$work/rules.json"

# --quiet says nothing but errors, --verbose what is done, and both leave the verdict to the exit code.
expect 0 '' verify -q $golden
expect 1 '' verify --quiet --mistake $mistake $golden
expect 2 'cannot open' inspect -q "$work/nowhere"
expect 2 'do not go together' verify -q -v
expect 0 "[0/1] 0:00  $golden" verify -v $golden
for text in "runs: assay verify -v $golden" 'threads' 'took '; do grep -qF "$text" "$work/said" || complain "--verbose does not say: $text"; done
"$assay" verify -v $golden 2>/dev/null | cmp -s - "$work/none" && complain "--verbose hides the result"
"$assay" verify -q $golden --report markdown=- | grep -q . || complain "--quiet hides a report that goes to standard output"

# Completions, in the shells themselves.
TAB=$(printf '\t')
cat >"$work/complete.bash" <<'END'
compopt() { :; } # of the line that is being edited: there is none
source "$1/bash"
shift
while (($#)); do
    read -r -a COMP_WORDS <<<"$1"
    [[ $1 == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _assay
    [[ " ${COMPREPLY[*]} " == $2 ]] || { echo "cli: bash completes '$1' as '${COMPREPLY[*]}'" >&2; exit 1; }
    shift 2
done
END
bash "$work/complete.bash" "$work" \
    'assay ver' ' verify ' 'assay ' '* fuzz *--version ' 'assay help fu' ' fuzz ' 'assay verify --dt' ' --dtype ' \
    'assay verify --dtype f' ' float64 float32 float16 ' 'assay verify --dtype = bf' ' bfloat16 ' \
    'assay compare --dtype a' ' auto ' "assay run --mistake $mistake,memory-keys-at-r" " $mistake,memory-keys-at-relative-positions " \
    'assay explain ROPE-1' ' ROPE-1 ' 'assay explain rotary-int' ' rotary-interleaved ' 'assay verify golden/data/windows-3-a' " $golden " \
    'assay run --model gold' ' golden ' 'assay conformance ' ' export score ' 'assay conformance export gold' ' golden ' \
    'assay verify --report jun' ' junit= ' 'assay verify --report junit = CHANGE' ' CHANGELOG.md ' 'assay verify --threads ' '  '
cat >"$work/bashrc" <<END
source '$work/bash'
assay() { printf '<%s>' "\$@"; }
END
printf 'assay compa\t --pol\t"CHANGEL\t --dtype bf\t\nexit\n' | script -qec "bash --rcfile $work/bashrc -i" /dev/null >"$work/said"
grep -qF '<compare><--policy><CHANGELOG.md><--dtype><bfloat16>' "$work/said" || { cat "$work/said" && complain "bash does not complete a line"; }

if has zsh; then
    mkdir "$work/functions"
    cp "$work/zsh" "$work/functions/_assay"
    cat >"$work/.zshrc" <<END
fpath=('$work/functions' \$fpath)
autoload -Uz compinit && compinit -u -D
assay() { printf '<%s>' "\$@"; }
END
    # A shell that starts drops what was typed before it listens.
    printf '%s\n' "compa$TAB--pol${TAB}CHANGEL$TAB--dtype=bf$TAB" "verify --mistake flip-at-w$TAB,memory-keys-at-p$TAB" "explain rotary-int$TAB" \
        "conformance exp${TAB}docs" "help insp$TAB" "verify --report jun${TAB}CHANGEL$TAB" "verify -q --al$TAB" |
        { sleep 1; sed 's/^/assay /'; sleep 1; echo exit; } | ZDOTDIR=$work script -qec 'zsh -i' /dev/null >"$work/said"
    for line in '<compare><--policy=CHANGELOG.md><--dtype=bfloat16>' "<verify><--mistake><flip-at-window,$mistake>" '<explain><rotary-interleaved>' \
        '<conformance><export><docs>' '<help><inspect>' '<verify><--report><junit=CHANGELOG.md>' '<verify><-q><--all>'; do
        grep -qF -- "$line" "$work/said" || { cat -v "$work/said" && complain "zsh does not complete to $line"; }
    done
fi

# LINE WORDS: fish completes the line to the words.
fish_completes() {
    got=$(HOME=$work fish -c "source $work/fish; complete -C '$1'" | cut -f 1 | tr '\n' ' ')
    # shellcheck disable=SC2254 # a pattern
    case $got in $2) ;; *) complain "fish completes '$1' as '$got'" ;; esac
}
if has fish; then
    fish_completes 'assay ver' 'verify '
    fish_completes 'assay verify --dt' '--dtype '
    fish_completes 'assay verify --dtype bf' 'bfloat16 '
    fish_completes 'assay compare --dtype=au' '--dtype=auto '
    fish_completes "assay run --mistake=$mistake,memory-keys-at-r" "--mistake=$mistake,memory-keys-at-relative-positions "
    fish_completes 'assay explain ROPE-1' 'ROPE-1 '
    fish_completes 'assay verify golden/data/windows-3-a' "$golden "
    fish_completes 'assay conformance ' 'export score '
    fish_completes 'assay conformance export gold' 'golden/ '
    fish_completes 'assay verify --report junit=CHANGE' 'junit=CHANGELOG.md '
    fish_completes 'assay help fu' 'fuzz '
    fish_completes 'assay verify --threads ' ''
fi
wait "$progress"
echo "assay: help, man pages, completions and messages are as its tables say"
