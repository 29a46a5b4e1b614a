# shellcheck shell=bash
# Sourced by build.sh. Makes the page: the two wasm halves in www/pkg, and the archive in dist.

# What rustc puts into the wasm (its target_features section lists the same).
WASM_FEATURES='--enable-simd --enable-bulk-memory --enable-bulk-memory-opt --enable-nontrapping-float-to-int
  --enable-sign-ext --enable-mutable-globals --enable-reference-types --enable-multivalue
  --enable-call-indirect-overlong'
# Stripped last: wasm-bindgen and wasm-opt read what these sections say.
WASM_OPT="-Oz $WASM_FEATURES --strip-debug --strip-producers --strip-target-features"

BUILDING=
# The halves are compiled one after the other; wasm-opt, which uses one core for minutes, runs behind.
build_page() {
  local half
  BUILDING=yes
  for half in gpu cpu; do start_half "$half"; done
  for half in gpu cpu; do finish_half "$half"; done
  BUILDING=
}

# One half of the page: the crate with feature $1 alone, in www/pkg/$1. Two checksums in www/pkg/$1/.made-from
# tell what may be skipped: that of the sources, and that of the wasm which cargo made.
#
# Cargo gives the wasm of both halves the same name, and when asked for one half after the other it finds the
# file there and takes it for fresh: so its own freshness cannot be used, and the file is removed first.
start_half() {
  local half=$1 out=www/pkg/$1 work=www/pkg/.work-$1 sources wasm made speed
  rm -rf "$work"
  sources=$(checksum_of_sources "$half")
  if [ "$(sed -n 1p "$out/.made-from" 2>/dev/null)" = "$sources" ]; then
    say "wasm, $half half: there, its sources have not changed"
    return
  fi

  say "wasm, $half half: cargo build (the first takes ten minutes)"
  cargo clean --quiet -p digit-lab --profile page --target "$WASM_TARGET"
  # The CPU half computes in this crate's own kernels; the GPU half only launches its.
  speed='"z"'
  [ "$half" != cpu ] || speed=3
  cargo build --profile page --lib --target "$WASM_TARGET" --no-default-features --features "$half" \
    --config "profile.page.package.digit-lab.opt-level=$speed"
  wasm=$(target_directory)/$WASM_TARGET/page/digit_lab.wasm
  [ -f "$wasm" ] || die "cargo build left no $wasm"
  made=$({ sha256 <"$wasm" && tool_versions; } | sha256)

  mkdir -p "$work"
  if [ "$(sed -n 2p "$out/.made-from" 2>/dev/null)" = "$made" ]; then
    say "wasm, $half half: the wasm came out as it was"
    cp -R "$out/." "$work/"
  else
    cp "$wasm" "$work/from-cargo.wasm"
    say "wasm, $half half: wasm-bindgen"
    wasm-bindgen --target web --out-name digit_lab --out-dir "$work" "$work/from-cargo.wasm"
    rm "$work/from-cargo.wasm"
    say "wasm, $half half: wasm-opt (two or three minutes)"
    # shellcheck disable=SC2086 # a list of options
    node_modules/.bin/wasm-opt $WASM_OPT "$work/digit_lab_bg.wasm" -o "$work/small.wasm" &
    printf '%s\n' $! >"$work/.wasm-opt"
  fi
  printf '%s\n%s\n' "$sources" "$made" >"$work/.made-from"
}

finish_half() {
  local half=$1 out=www/pkg/$1 work=www/pkg/.work-$1
  [ -d "$work" ] || return 0
  if [ -f "$work/.wasm-opt" ]; then
    wait "$(cat "$work/.wasm-opt")" || die "wasm-opt failed on the $half half (see above)"
    mv "$work/small.wasm" "$work/digit_lab_bg.wasm"
    rm "$work/.wasm-opt"
  fi
  rm -rf "$out"
  mv "$work" "$out"
  say "wasm, $half half: $out is ready"
}

# What an interrupted or failed build of this script leaves.
drop_halves() {
  local half
  [ -n "$BUILDING" ] || return 0
  for half in gpu cpu; do
    if [ -f "www/pkg/.work-$half/.wasm-opt" ]; then kill "$(cat "www/pkg/.work-$half/.wasm-opt")" 2>/dev/null || true; fi
    rm -rf "www/pkg/.work-$half"
  done
}

# The library includes no file from outside src. One that it comes to include must be named here.
checksum_of_sources() {
  {
    find src -type f ! -path 'src/bin/*' | LC_ALL=C sort | while IFS= read -r file; do sha256 "$file"; done
    sha256 Cargo.toml Cargo.lock .cargo/config.toml rust-toolchain.toml scripts/page.sh
    printf '%s\n' "$1" "${RUSTFLAGS:-}"
    rustc --version
    tool_versions
  } | sha256
}

# What turns cargo's wasm into the page's.
tool_versions() {
  locked_version wasm-bindgen
  sed -n 's/.*"binaryen": //p' package.json
  printf '%s\n' "$WASM_OPT"
}

target_directory() {
  cargo metadata --no-deps --format-version 1 |
    node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).target_directory'
}

# The page as a static web host takes it; [--with-data] adds MNIST, 11 MB.
package_page() {
  local version name archive
  version=$(awk -F '"' '/^version = / { print $2; exit }' Cargo.toml)
  name=digit-lab-$version
  archive=$name.tar.gz
  say "package: packing www${1:+ with MNIST}"
  begin_work dist
  mkdir "$WORK/$name"
  cp -R www/. "$WORK/$name/"
  [ "${1:-}" = --with-data ] || rm -rf "$WORK/$name/data"
  cp LICENSE-MIT LICENSE-APACHE "$WORK/$name/"
  find "$WORK/$name" -depth -name '.work*' -exec rm -rf {} +
  find "$WORK/$name" \( -name '*.d.ts' -o -name '.made-from' -o -name '.DS_Store' \) -exec rm {} +
  # macOS's tar would add a hidden twin for each file that has attributes.
  COPYFILE_DISABLE=1 tar -czf "$WORK/$archive" -C "$WORK" "$name"
  (cd "$WORK" && sha256 "$archive" >"$archive.sha256")
  mv "$WORK/$archive" "$WORK/$archive.sha256" dist/
  rm -rf "$WORK"
  WORK=
  say "package: dist/$archive ($(($(wc -c <"dist/$archive") / 1000)) KB), checksum beside it"
  [ "${1:-}" = --with-data ] || say "package: the page fetches MNIST from data/ beside index.html; put www/data there, or use --with-data"
}
