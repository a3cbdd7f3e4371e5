#!/bin/sh
# Installs, uses what is installed as its users do, and uninstalls. Usage: cli/check_install.sh BUILD
# MAKE, CC and CFLAGS of the environment compile a program against the library.
# shellcheck disable=SC2086 # $make and $cc may have options
set -eu
cd "$(dirname "$0")/.."
build=$1 make=${MAKE:-make} cc=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
complain() { echo "install: $*" >&2; exit 1; }
run() { "$@" >"$work/said" 2>&1 || { cat "$work/said" >&2 && complain "fails: $*"; }; }
files() { (cd "$1" && find . ! -type d | sed 's/^\.\///' | sort); }

# What is installed is what the list says.
root=$work/root
run $make install "PREFIX=$root"
sort "$root/share/assay/installed" >"$work/listed"
files "$root" >"$work/there"
diff -u "$work/listed" "$work/there" || complain "share/assay/installed lists other files"
cmp "$build/assay" "$root/bin/assay"
for file in share/man/man1/assay.1 share/man/man1/assay-verify.1 share/bash-completion/completions/assay share/doc/assay/docs/semantics.md \
    share/zsh/site-functions/_assay share/fish/vendor_completions.d/assay.fish share/assay/assay_tap.py lib/libassay.a; do
    [ -s "$root/$file" ] || complain "$file is not there"
done

# The program finds its goldens, wherever it is started.
(cd / && "$root/bin/assay" explain MEM-1) >"$work/said"
grep -qF "$root/share/assay/goldens/" "$work/said" || complain "assay explain does not name the installed goldens"
mkdir "$work/other" "$work/link"
find "$root/share/assay/goldens" -name '*.h5' ! -name 'windows-3-*' -exec mv {} "$work/other" \; # time
ln -s "$root/bin/assay" "$work/link/assay"
(cd / && "$work/link/assay" verify) >"$work/said" || { cat "$work/said" && complain "assay verify fails"; }
grep -q '^match: ' "$work/said" || complain "assay verify does not say that the installed goldens match"

# A program that embeds the engine, compiled by what pkg-config says.
cat >"$work/embed.c" <<'END'
#include <stdio.h>

#include "core/rules.h"
#include "engine/engine.h"
#include "run/verify_golden.h"

int main(int argc, char **argv) {
    assay_error err;
    assay_case_result result = {0};
    assay_policy policy;
    assay_policy_init(&policy);
    const assay_verify_options options = {.dtype = ASSAY_F32, .policy = &policy};
    assay_engine_init(1);
    if (argc != 2 || assay_verify_golden(&result, argv[1], &options, &err)) return 2;
    printf("%s: %s; %s\n", result.name, result.verdict == ASSAY_CASE_PASS ? "pass" : "fail", assay_rule_find("MEM-1")->summary);
    assay_case_result_free(&result);
    assay_policy_free(&policy);
    return 0;
}
END
PKG_CONFIG_PATH=$root/lib/pkgconfig
export PKG_CONFIG_PATH
[ "$(pkg-config --modversion assay)" = "$("$root/bin/assay" --version | sed -n 's/^assay //p')" ] || complain "assay.pc has another version"
# shellcheck disable=SC2046 # flags are words
(cd "$work" && run $cc -std=c11 ${CFLAGS:-} -o embed embed.c $(pkg-config --cflags --libs assay))
said=$("$work/embed" "$root/share/assay/goldens/windows-3-all.h5")
[ "$said" = "windows-3-all: pass; keys are stored in memory rotated at position 0, whatever their true position" ] || complain "embed says '$said'"

# A second time, over the first; then nothing is left, but files of others.
run $make install "PREFIX=$root"
echo mine >"$root/share/man/man1/assay-mine.1"
run $make uninstall "PREFIX=$root"
[ "$(files "$root")" = share/man/man1/assay-mine.1 ] || complain "uninstall leaves or takes too much: $(files "$root")"
find "$root" -name assay -o -name goldens | grep . && complain "uninstall leaves folders"
$make uninstall "PREFIX=$root" >"$work/said" 2>&1 && complain "uninstall succeeds where nothing is installed"

# For a package: below DESTDIR, which no file mentions.
run $make install "DESTDIR=$work/stage" PREFIX=/usr
files "$work/stage/usr" | diff -u "$work/listed" - || complain "other files below DESTDIR"
grep -qx 'prefix=/usr' "$work/stage/usr/lib/pkgconfig/assay.pc" || complain "assay.pc mentions DESTDIR"
run $make uninstall "DESTDIR=$work/stage" PREFIX=/usr
[ -z "$(files "$work/stage")" ] || complain "uninstall leaves $(files "$work/stage")"
echo "make install: what is installed works, and can be removed"
