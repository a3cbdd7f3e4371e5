#!/bin/sh
# Builds the port with one of the mistakes of faults.tsv. Usage: plant.sh NAME OUT_DIR [OBJECTS]
# Leaves OUT_DIR/longllama_port. OBJECTS holds the objects of the port without a mistake, which are linked where they serve; else all
# is compiled. CC, CFLAGS and LDFLAGS are those of the environment.
set -eu
[ $# -ge 2 ] || { echo "usage: plant.sh NAME OUT_DIR [OBJECTS]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
name=$1 out=$2 objects=${3:-}
mkdir -p "$out"

# The file, with what is there once replaced; awk compares texts, not patterns.
file=$(awk -F'\t' -v name="$name" '$1 == name { print $4 }' "$here/faults.tsv")
[ -n "$file" ] || { echo "plant.sh: faults.tsv has no $name" >&2; exit 2; }
awk -F'\t' -v name="$name" '
    FNR == NR { if ($1 == name) { old = $5; new = $6 } next }
    at = index($0, old) { count++; $0 = substr($0, 1, at - 1) new substr($0, at + length(old)) }
    { print }
    END { if (count != 1) { print "plant.sh: " name ": its text is there " count + 0 " times" > "/dev/stderr"; exit 1 } }
' "$here/faults.tsv" FS='\001' "$here/$file" >"$out/$file"

compile="${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 ${CFLAGS:-} -I$here/../.. $(pkg-config --cflags libcjson)"
parts=
for source in "$here"/*.c; do
    part=$(basename "$source" .c)
    if [ "$part.c" = "$file" ]; then
        source=$out/$file
    elif [ -n "$objects" ]; then
        parts="$parts $objects/$part.o"
        continue
    fi
    $compile -c "$source" -o "$out/$part.o"
    parts="$parts $out/$part.o"
done
# shellcheck disable=SC2046,SC2086 # flags and parts are words
${CC:-cc} ${CFLAGS:-} ${LDFLAGS:-} $parts -o "$out/longllama_port" $(pkg-config --libs libcjson) -lm
