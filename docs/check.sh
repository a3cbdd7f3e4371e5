#!/bin/sh
# Runs the commands of docs/getting-started.md, and holds what they print against the page; a line "..." of the page stands for any lines.
# Usage: docs/check.sh BUILD. Commands of make are left out: they made BUILD.
set -eu
cd "$(dirname "$0")/.."
root=$PWD build=$(cd "$1" && pwd)
page=$root/docs/getting-started.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A folder that looks like a fresh clone.
mkdir "$work/clone"
ln -s "$build" "$work/clone/build"
ln -s "$root/golden" "$root/examples" "$root/ci" "$work/clone"
cd "$work/clone"

# One command and the lines that the page shows of it.
check() { # COMMAND EXPECTED_FILE
    case $1 in make*) return ;; esac
    echo "\$ $1" >&2
    sh -c "$1" >"$work/printed" 2>&1 || [ $? = 1 ] || { cat "$work/printed" && exit 1; }
    awk -v page="$2" '
        BEGIN { while ((getline line < page) > 0) want[++n] = line; at = 1 }
        {
            if (at <= n && want[at] == "...") { skips = 1; at++ }
            if (at <= n && $0 == want[at]) { at++; skips = 0 }
            else if (!skips) { print "getting-started.md: the page has \"" want[at] "\", but printed is \"" $0 "\""; failed = 1; exit }
        }
        END {
            if (!failed && at <= n && want[at] == "...") at++
            if (!failed && at <= n) { print "getting-started.md: \"" want[at] "\" is not printed"; failed = 1 }
            exit failed
        }' "$work/printed"
}

# Blocks of code are indented by four spaces; a command starts with "$ ".
awk -v out="$work/block-" '
    /^    \$ / { if (name) close(name); name = sprintf("%s%03d", out, ++n); print substr($0, 7) > (name ".command"); printf "" > (name ".expected"); next }
    /^    / { if (name) print substr($0, 5) > (name ".expected"); next }
    { name = "" }' "$page"
count=0
for command in "$work"/block-*.command; do
    check "$(cat "$command")" "${command%.command}.expected"
    count=$((count + 1))
done
[ "$count" -ge 5 ] || { echo "getting-started.md: $count commands were found; are blocks still indented by four spaces?" && exit 1; }
[ -s report.html ] || { echo "getting-started.md: there is no report.html" && exit 1; }
echo "docs/getting-started.md: its commands print what it shows"
