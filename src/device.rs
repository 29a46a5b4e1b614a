//! Opens a device that truly works: acquires it, listens for its errors, and holds a first computation
//! against numbers computed by hand before anything is trusted to it.
//!
//! Which device to open is the caller's choice; in a browser that choice is made in `www/js/device.js`, before
//! the code for either is downloaded.

use std::sync::{Arc, OnceLock};

use burn::tensor::{Device, Tensor, TensorData};

use crate::{
    error::{Error, Result},
    kernels::{BlockSpec, conv_block::evaluate, dense::dense},
    net::{Activation, Pool},
};

/// Launches after which the queue gets them, wherever nothing is read before: a few steps, so that two of a slow GPU
/// still go together, and a fast one does not wait.
#[cfg(feature = "gpu")]
const TASKS: usize = 64;

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// burn-flex, on the CPU.
    Cpu,
    /// Burn's wgpu backend: WebGPU in a browser, Vulkan, Metal or DirectX elsewhere.
    Gpu,
}

/// An opened device.
#[derive(Clone, Debug)]
pub struct Accelerator {
    /// For tensors without gradients; `device.clone().autodiff()` is the one to train on.
    pub device: Device,
    /// What computes.
    pub kind: Kind,
    /// Its name, for people.
    pub adapter: String,
    /// The first error that no operation returned.
    fault: Arc<OnceLock<String>>,
}

impl Accelerator {
    /// The CPU. It is always there.
    #[cfg(feature = "cpu")]
    pub fn cpu() -> Self {
        Self {
            device: Device::flex(),
            kind: Kind::Cpu,
            adapter: "burn-flex".into(),
            fault: Arc::default(),
        }
    }

    /// The GPU that the browser or the operating system prefers for heavy work. The second call gives the
    /// first call's device again.
    ///
    /// # Errors
    /// [`Error::GpuUnavailable`] when there is no adapter, it gives no device, or the device computes wrong
    /// numbers.
    #[cfg(feature = "gpu")]
    pub async fn gpu() -> Result<Self> {
        // Burn's runtime cannot be initialised twice.
        static OPENED: async_lock::OnceCell<Accelerator> = async_lock::OnceCell::new();
        OPENED.get_or_try_init(Self::open_gpu).await.cloned()
    }

    #[cfg(feature = "gpu")]
    async fn open_gpu() -> Result<Self> {
        let (device, setup) = Device::wgpu_options()
            .tasks_max(TASKS)
            .init_with_setup_async()
            .await
            .map_err(|error| Error::GpuUnavailable(error.to_string()))?;
        let fault = Arc::new(OnceLock::new());
        // On wasm a broken shader or an invalid call returns Ok and leaves the output as it was; this event
        // is all that tells. (cubecl's own handler panics here, inside an event that nobody awaits.)
        let heard = fault.clone();
        setup
            .device
            .on_uncaptured_error(Arc::new(move |error: burn_wgpu::wgpu::Error| {
                let _ = heard.set(error.to_string());
            }));
        let info = setup.adapter.get_info();
        let opened = Self {
            device,
            kind: Kind::Gpu,
            adapter: if info.name.is_empty() {
                info.driver
            } else {
                info.name
            },
            fault,
        };
        match opened.verify().await {
            Ok(()) => Ok(opened),
            Err(Error::GpuFault(problem)) => Err(Error::GpuUnavailable(problem)),
            Err(other) => Err(other),
        }
    }

    /// The first error the device reported outside of any call, as a sentence.
    pub fn fault(&self) -> Option<&str> {
        self.fault.get().map(String::as_str)
    }

    /// # Errors
    /// [`Error::GpuFault`] once the device has reported an error: what it computes since is not to be trusted.
    pub fn check(&self) -> Result<()> {
        match self.fault() {
            Some(fault) => Err(Error::fault(fault)),
            None => Ok(()),
        }
    }

    /// Runs a convolution and a matrix product of small whole numbers, which f32 holds exactly, and compares
    /// with the same sums done here. Both are the kernels that training uses.
    ///
    /// # Errors
    /// [`Error::GpuFault`] when they differ or the device reports an error.
    #[cfg_attr(not(feature = "gpu"), allow(dead_code, reason = "the CPU is trusted"))]
    async fn verify(&self) -> Result<()> {
        const SIDE: usize = 8;
        const KERNEL: usize = 3;
        const OUT: usize = SIDE - KERNEL + 1;
        let image = |y: usize, x: usize| ((y * 5 + x * 3) % 7) as f32 - 3.0;
        let kernel = |y: usize, x: usize| ((y * 2 + x) % 5) as f32 - 2.0;
        let matrix = |y: usize, x: usize| ((y * 3 + x * 2) % 5) as f32 - 2.0;
        let numbers = |side: usize, at: &dyn Fn(usize, usize) -> f32| {
            (0..side * side)
                .map(|i| at(i / side, i % side))
                .collect::<Vec<_>>()
        };
        let square = |side, at| {
            let data = TensorData::new(numbers(side, at), [1, 1, side, side]);
            Tensor::<4>::from_data(data, &self.device)
        };
        let zeros = |count| Tensor::from_data(TensorData::new(vec![0.0f32; count], [count]), &self.device);
        let spec = BlockSpec {
            stride: 1,
            padding: 0,
            activation: Activation::None,
            pool: Pool::None,
        };
        let convolved = evaluate(
            square(SIDE, &image),
            square(KERNEL, &kernel),
            zeros(1),
            None,
            spec,
        );
        let weight = Tensor::from_data(TensorData::new(numbers(OUT, &matrix), [OUT, OUT]), &self.device);
        let product = dense(
            convolved.reshape([OUT, OUT]),
            weight,
            zeros(OUT),
            Activation::None,
        );
        let found = product.into_data_async().await.map_err(Error::fault)?;
        self.check()?;
        let found = found.try_into_vec::<f32>().map_err(Error::fault)?;

        let map = |y: usize, x: usize| -> f32 {
            (0..KERNEL * KERNEL)
                .map(|i| (i / KERNEL, i % KERNEL))
                .map(|(dy, dx)| image(y + dy, x + dx) * kernel(dy, dx))
                .sum()
        };
        for (i, &found) in found.iter().enumerate() {
            let expected: f32 = (0..OUT).map(|k| map(i / OUT, k) * matrix(k, i % OUT)).sum();
            if found != expected {
                return Err(Error::fault(format!(
                    "it computes wrong numbers: a test convolution gave {found} where {expected} is right"
                )));
            }
        }
        Ok(())
    }
}
