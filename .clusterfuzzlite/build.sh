#!/bin/bash -eu
# Builds every fuzz target into $OUT with its seeds, dictionary, options and libraries, as OSS-Fuzz and ClusterFuzzLite ask:
# $CC $CFLAGS $CXX $CXXFLAGS $LIB_FUZZING_ENGINE $SRC $OUT are theirs. `make fuzz-oss` tries it without their image.
cd "$SRC/assay"
build=build/variant-oss

make -s -j"$(nproc)" BUILD="$build" CC="$CC" CFLAGS="$CFLAGS -I.clusterfuzzlite/single_thread -Wno-unknown-pragmas" WARNINGS=-w OPT= OPENMP= \
    FUZZ_LINK="$CXX $CXXFLAGS" FUZZ_ENGINE="$LIB_FUZZING_ENGINE" LDFLAGS="-Wl,--disable-new-dtags,-rpath,'\$\$ORIGIN/lib'" fuzz-targets

mkdir -p "$OUT/lib"
for source in fuzz/*/fuzz.c; do
    folder=$(dirname "$source")
    target=$(basename "$folder")
    cp "$build/fuzz-$target" "$OUT/$target"
    [ ! -d "$folder/corpus" ] || find "$folder/corpus" -type f ! -name '.*' -print0 | xargs -0 -r zip -q -j "$OUT/${target}_seed_corpus.zip"
    for file in "$folder"/*.dict "$folder"/*.options; do
        [ ! -e "$file" ] || cp "$file" "$OUT/$target.${file##*.}"
    done
    # Where it runs there are no libraries but libc's.
    ldd "$build/fuzz-$target" | awk '$3 ~ /^\// { print $3 }' | grep -vE '/(libc|libm|libpthread|libdl|librt|libgcc_s)\.so' |
        xargs -r cp -u -t "$OUT/lib"
done
