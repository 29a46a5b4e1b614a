//! What the library promises, by numbers. One body for every place: `cargo test` runs these natively,
//! `wasm-pack test --headless --chrome` in a browser's worker, each on the CPU and on the GPU.
//!
//! MNIST is read from `www/data`, where the set-up puts it.

#[cfg(target_family = "wasm")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

mod support;

mod data;
mod digits;
mod drawn;
mod dropout;
mod float64;
mod inspect;
mod kernels;
mod network;
mod optimizer;
mod plain_net;
mod recipes;
mod reference;
mod review;
mod runs;
mod snapshots;
mod weights;
