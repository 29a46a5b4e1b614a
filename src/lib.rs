//! Trains and runs a convolutional network on MNIST with [Burn](https://burn.dev): on WebGPU in a browser,
//! on the CPU where there is none, and natively.
//!
//! The rooms, in the order the data flows: [`dataset`] → [`net`] → [`recipe`] → [`session`] → [`metrics`];
//! [`checkpoint`] writes weights down, [`device`] opens what computes, [`error`] says what went wrong.
//! The JavaScript surface is `web`, in wasm builds only.

#![warn(missing_docs)]

pub mod checkpoint;
pub mod dataset;
pub mod device;
pub mod error;
pub mod metrics;
pub mod net;
pub mod recipe;
pub mod session;
#[cfg(target_family = "wasm")]
pub mod web;

pub use error::{Error, Result};
