# shellcheck shell=bash
# Sourced by build.sh. Every check and test, cheap ones first; the first group that fails ends the run.

# The browser tests train: on a software adapter that takes minutes, and the runner's own limit is 20 seconds.
BROWSER_TEST_SECONDS=900

GROUPS_IN_ORDER='lint clippy native browser build size page'

group_title() {
  case $1 in
    lint) echo 'format, lint, types' ;;
    clippy) echo 'clippy, native and wasm' ;;
    native) echo 'Rust tests, native' ;;
    browser) echo 'Rust tests, in the browser' ;;
    build) echo 'build of the page' ;;
    size) echo 'size of the download' ;;
    page) echo 'page tests' ;;
  esac
}

# Biome colours what goes into a log file too, unless told.
colors() { if [ -t 1 ]; then echo force; else echo off; fi; }

# In a condition, bash ignores `set -e` in all that is called: hence the && chains.
group_lint() {
  run cargo fmt --check &&
    run node_modules/.bin/biome ci --error-on-warnings --colors="$(colors)" &&
    run node_modules/.bin/tsc &&
    if has shellcheck; then run shellcheck -x build.sh .ci/run; fi
}
group_clippy() {
  run cargo clippy --all-targets -- -D warnings &&
    run cargo clippy --target "$WASM_TARGET" --lib -- -D warnings
}
group_native() { run cargo test; }
group_browser() {
  export WASM_BINDGEN_TEST_TIMEOUT=${WASM_BINDGEN_TEST_TIMEOUT:-$BROWSER_TEST_SECONDS}
  run wasm-pack --log-level warn test --headless --chrome --chromedriver "$CHROMEDRIVER"
}
group_build() { run ./build.sh build; }
group_size() { run node scripts/size.mjs; }
group_page() { run node --test --test-concurrency=1 bench/*.test.mjs tests/page/*.test.mjs; }

run() {
  printf '\n$ %s\n' "$*"
  "$@"
}

run_tests() {
  local group failed= summary='' passed=0 started
  for group in $GROUPS_IN_ORDER; do
    if [ -n "$failed" ]; then
      summary="$summary$(printf '%-8s %8s  %s' 'not run' '' "$(group_title "$group")")
"
      continue
    fi
    printf '\n== %s\n' "$(group_title "$group")"
    started=$SECONDS
    if "group_$group"; then
      passed=$((passed + 1))
      summary="$summary$(printf '%-8s %6d s  %s' passed $((SECONDS - started)) "$(group_title "$group")")
"
    else
      failed=$group
      summary="$summary$(printf '%-8s %6d s  %s' FAILED $((SECONDS - started)) "$(group_title "$group")")
"
    fi
  done
  printf '\n== Summary\n%s\n' "$summary"
  if [ -n "$failed" ]; then
    printf '%d passed, 1 failed\n' "$passed"
    exit 1
  fi
  printf '%d passed, 0 failed\n' "$passed"
}
