# shellcheck shell=bash
# Sourced by build.sh. Brings what building and testing need. Every step says what it does, does nothing
# when it was done, and names what is missing together with the command that brings it.

WASM_PACK_VERSION=0.15.1
WASM_TARGET=wasm32-unknown-unknown

TOOLS=${DIGIT_LAB_TOOLS:-$PWD/.tools}
export PATH="$TOOLS/bin:$PATH"

set_up() {
  check_prerequisites
  set_up_node_modules
  node scripts/vendor.mjs || die "the libraries of the page could not be bundled (see above)"
  node scripts/mnist.mjs
  set_up_rust
  set_up_cargo_tool wasm-bindgen-cli wasm-bindgen "$(locked_version wasm-bindgen)"
}

has() { command -v "$1" >/dev/null 2>&1; }

sha256() {
  if has sha256sum; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

# Everything that this script cannot bring is named at once, not one run at a time.
check_prerequisites() {
  local missing=
  has cargo || missing="$missing
  cargo        Rust: install it from https://rustup.rs"
  if ! has node; then
    missing="$missing
  node         Node.js 20.12 or newer: install it from https://nodejs.org"
  elif ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 12) ? 0 : 1)'; then
    missing="$missing
  node         is $(node --version), but 20.12 or newer is needed: https://nodejs.org"
  fi
  has npm || missing="$missing
  npm          comes with Node.js from https://nodejs.org (Debian, Ubuntu: sudo apt-get install npm)"
  if ! has cc; then
    missing="$missing
  cc           a C compiler (Debian, Ubuntu: sudo apt-get install build-essential; macOS: xcode-select --install)"
  fi
  [ -z "$missing" ] || die "missing:$missing"
}

set_up_rust() {
  local channel
  channel=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml)
  if has rustup; then
    if ! rustup toolchain list | grep "^$channel" >/dev/null; then
      say "Rust $channel: installing it"
      rustup toolchain install "$channel" --profile minimal --component rustfmt --component clippy --target "$WASM_TARGET" ||
        die "Rust $channel could not be installed (see above). With a network: rustup toolchain install $channel"
    fi
    if ! has_wasm_target; then
      say "Rust $channel: adding $WASM_TARGET"
      rustup target add --toolchain "$channel" "$WASM_TARGET" ||
        die "$WASM_TARGET could not be added (see above). With a network: rustup target add --toolchain $channel $WASM_TARGET"
    fi
  elif ! has_wasm_target; then
    die "$(rustc --version) has no $WASM_TARGET, and rustup is not there to add it. Install Rust from https://rustup.rs"
  fi
  say "Rust: $(rustc --version | cut -d ' ' -f 2) with $WASM_TARGET"
}

has_wasm_target() {
  [ -n "$(find "$(rustc --print sysroot)/lib/rustlib/$WASM_TARGET/lib" -name 'libstd-*.rlib' 2>/dev/null)" ]
}

# rustfmt and clippy, which only the tests need.
set_up_rust_linters() {
  if cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1; then return; fi
  has rustup || die "rustfmt and clippy are missing. Install Rust from https://rustup.rs"
  say "Rust: adding rustfmt and clippy"
  rustup component add rustfmt clippy ||
    die "rustfmt and clippy could not be added (see above). With a network: rustup component add rustfmt clippy"
}

locked_version() { # of crate $1 in Cargo.lock
  awk -v name="name = \"$1\"" '$0 == name { getline; gsub(/version = |"/, ""); print; exit }' Cargo.lock
}

set_up_cargo_tool() { # crate, the program in it, version
  local crate=$1 program=$2 version=$3
  [ -n "$version" ] || die "Cargo.lock names no version of $program. Bring the file back: git checkout Cargo.lock"
  if [ "$("$program" --version 2>/dev/null | cut -d ' ' -f 2)" = "$version" ]; then
    say "$program $version: there"
    return
  fi
  say "$program $version: building it into $TOOLS (minutes, once)"
  # Without --locked first: it can name a dependency that a package mirror does not have yet.
  cargo install --quiet "$crate" --version "$version" --root "$TOOLS" ||
    cargo install --quiet --locked "$crate" --version "$version" --root "$TOOLS" ||
    die "$program $version could not be built (see above). By hand, with a network: cargo install $crate --version $version"
}

set_up_node_modules() { set_up_packages . 'npm packages'; }

set_up_packages() { # the folder of a package-lock.json, what its packages are called here
  local folder=$1 name=$2 stamp=$1/node_modules/.package-lock.sum sum
  sum=$(cd "$folder" && sha256 package-lock.json)
  if [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ]; then
    say "$name: there"
    return
  fi
  say "$name: installing those of $folder/package-lock.json"
  (cd "$folder" && npm ci --no-progress) || die "npm ci failed in $folder (see above). It needs a network the first time."
  printf '%s\n' "$sum" >"$stamp"
}

# What only the benchmark needs: the libraries it compares with, and a browser (but no driver of it).
set_up_bench() {
  set_up_packages bench 'packages of the benchmark'
  find_browser || [ -n "$DIGIT_LAB_CHROME" ] || set_up_browser
  export DIGIT_LAB_CHROME
  say "Browser: $DIGIT_LAB_CHROME"
}

# What only the tests need.
set_up_tests() {
  set_up_packages tests/onnx 'ONNX runtime of the tests'
  set_up_rust_linters
  set_up_cargo_tool wasm-pack wasm-pack "$WASM_PACK_VERSION"
  set_up_browser
}

# Sets and exports DIGIT_LAB_CHROME and CHROMEDRIVER.
set_up_browser() {
  if ! find_browser && may_apt; then
    say "Chromium: installing chromium and chromium-driver with apt-get"
    # Ubuntu has no such packages: then the message below is the answer.
    as_root apt-get -qq update && as_root apt-get -qq install -y chromium chromium-driver >/dev/null || true
    find_browser || true
  fi
  if [ -z "$DIGIT_LAB_CHROME" ] || [ -z "$CHROMEDRIVER" ]; then
    die "the tests need Chrome or Chromium (${DIGIT_LAB_CHROME:-not found}) and its chromedriver (${CHROMEDRIVER:-not found}).
  Debian: sudo apt-get install chromium chromium-driver · Ubuntu: sudo snap install chromium
  macOS: brew install --cask google-chrome chromedriver · or name them in DIGIT_LAB_CHROME and CHROMEDRIVER"
  fi
  export DIGIT_LAB_CHROME CHROMEDRIVER
  say "Browser: $DIGIT_LAB_CHROME, driver: $CHROMEDRIVER"
}

find_browser() {
  DIGIT_LAB_CHROME=${DIGIT_LAB_CHROME:-$(first_of chromium chromium-browser google-chrome-stable google-chrome \
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome' \
    /Applications/Chromium.app/Contents/MacOS/Chromium)}
  CHROMEDRIVER=${CHROMEDRIVER:-$(first_of chromedriver /usr/lib/chromium-browser/chromedriver /snap/bin/chromium.chromedriver)}
  [ -n "$DIGIT_LAB_CHROME" ] && [ -n "$CHROMEDRIVER" ]
}

first_of() { # the path of the first program that is there
  local name
  for name in "$@"; do
    if command -v "$name" 2>/dev/null; then return; fi
  done
}

may_apt() {
  has apt-get && { [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; }
}

as_root() {
  if [ "$(id -u)" = 0 ]; then DEBIAN_FRONTEND=noninteractive "$@"; else sudo -n DEBIAN_FRONTEND=noninteractive "$@"; fi
}
