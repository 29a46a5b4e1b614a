//! Trains and runs a convolutional network on MNIST with [Burn](https://burn.dev): on WebGPU in a browser,
//! on the CPU where there is none, and natively.
//!
//! The rooms, in the order the data flows: [`dataset`] → [`net`] → [`recipe`] → [`session`] → [`metrics`];
//! [`inspect`] looks inside; [`digit`] makes of a drawing an image like those of MNIST;
//! [`checkpoint`] writes weights down, [`snapshot`] whole runs, [`onnx`] networks for other programs; [`device`] opens
//! what computes, [`error`] says what went wrong.
//! The JavaScript surface is `web`, in wasm builds only.
//!
//! One epoch of the course network, natively, from the unpacked MNIST files:
//!
//! ```no_run,ignore-wasm32
//! use digit_lab::dataset::{IdxFile, Split};
//! use digit_lab::{device::Accelerator, recipe::Recipe, session::{Start, TrainSession}};
//!
//! let load = |name: &str| -> Result<Split, Box<dyn std::error::Error>> {
//!     let images = std::fs::read(format!("mnist/{name}-images-idx3-ubyte"))?;
//!     let labels = std::fs::read(format!("mnist/{name}-labels-idx1-ubyte"))?;
//!     Ok(Split::from_idx(IdxFile { name, bytes: &images }, IdxFile { name, bytes: &labels })?)
//! };
//! let mut session = TrainSession::new(Accelerator::cpu());
//! session.load_data(&load("train")?, &load("t10k")?);
//! let plan = session.start(Recipe { epochs: 1, ..Recipe::course() }, Start::Fresh)?;
//! for _ in 0..plan.steps {
//!     session.step()?; // on a GPU this only queues the work; `read_losses` waits for it
//! }
//! let evaluation = pollster::block_on(session.evaluate())?;
//! println!("{:.2} % of the test images are recognised", 100.0 * evaluation.accuracy);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs)]

pub mod checkpoint;
pub mod dataset;
pub mod device;
pub mod digit;
pub mod error;
pub mod inspect;
pub mod kernels;
pub mod metrics;
pub mod net;
pub mod onnx;
mod optimizer;
pub mod recipe;
pub mod session;
pub mod snapshot;
#[cfg(target_family = "wasm")]
pub mod web;

pub use error::{Error, Result};
