//! The fused operations as CubeCL kernels, for WebGPU in a browser and Vulkan, Metal or DirectX elsewhere.
//!
//! What they have in common: no subgroups, no f16, at most 128 units a cube and 10 buffers, one of which CubeCL
//! takes for shapes and scalars, so that every WebGPU device runs them. A unit computes a tile that it keeps in
//! registers, and reads each operand once per row or column of the tile: what counts on a GPU, and on a software
//! adapter, is multiply-adds per load. Shapes are compile-time constants of a kernel except for the batch size, so
//! that an epoch's short last batch compiles nothing.

mod batch;
mod conv;
mod conv_backward;
mod cross_entropy;
mod dropout;
mod gemm;
mod norm_pool;
mod norm_pool_backward;
mod optimizer;
mod random;

use burn::{
    backend::tensor::{FloatTensor, IntTensor},
    tensor::{DType, Shape},
};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, tensor::CubeTensor};
use cubecl::prelude::*;

use super::{BlockSpec, Floats, Kernels, Mask, Update, Warp};
use crate::net::Activation;

/// Units of a cube: a multiple of every GPU's subgroup, small enough to spread small work over a large GPU.
const UNITS: u32 = 64;

/// A buffer to read, or to write where nothing else reads it in the same launch.
fn arg(tensor: &CubeTensor) -> BufferArg {
    tensor.clone().into_buffer_arg()
}

/// An uninitialised tensor on the device of `like`.
fn empty(like: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    let shape = shape.into();
    let bytes = shape.num_elements() * size_of::<f32>();
    CubeTensor::new_contiguous(
        like.client.clone(),
        like.device.clone(),
        shape,
        like.client.empty(bytes),
        DType::F32,
    )
}

/// WebGPU binds a buffer from every 256th byte at most (`minStorageBufferOffsetAlignment`).
const BINDING_STEP: usize = 256 / size_of::<f32>();

/// A tensor in the buffer of another, from its value `first` on, a multiple of [`BINDING_STEP`].
fn view(tensor: &CubeTensor, first: usize, shape: impl Into<Shape>) -> CubeTensor {
    let shape = shape.into();
    let bytes = |values: usize| (values * size_of::<f32>()) as u64;
    let behind = tensor.meta.num_elements() - first - shape.num_elements();
    let handle = tensor
        .handle
        .clone()
        .offset_start(bytes(first))
        .offset_end(bytes(behind));
    let (client, device) = (tensor.client.clone(), tensor.device.clone());
    CubeTensor::new_contiguous(client, device, shape, handle, tensor.dtype)
}

/// So many cubes of [`UNITS`] that every one of `units` has a unit; the surplus must end itself.
fn cubes(units: usize) -> CubeCount {
    let cubes = (units as u32).div_ceil(UNITS).max(1);
    // A dimension ends at 65,535 cubes.
    let rows = cubes.div_ceil(32_768);
    CubeCount::Static(cubes.div_ceil(rows), rows, 1)
}

fn contiguous(tensors: Floats<CubeBackend>) -> Vec<CubeTensor> {
    tensors.0.into_iter().map(into_contiguous).collect()
}

fn shape<const D: usize>(tensor: &CubeTensor) -> [usize; D] {
    tensor.meta.shape().dims()
}

impl Kernels for CubeBackend {
    fn gather(
        words: IntTensor<Self>,
        labels: IntTensor<Self>,
        order: IntTensor<Self>,
        first: usize,
        count: usize,
        warp: Option<Warp>,
    ) -> (FloatTensor<Self>, IntTensor<Self>) {
        let [words, labels, order] = [words, labels, order].map(into_contiguous);
        batch::gather(words, labels, order, first, count, warp)
    }

    fn conv_block_train(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        norm: Floats<Self>,
        spec: BlockSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, Vec<FloatTensor<Self>>) {
        let [x, weight, bias] = [x, weight, bias].map(into_contiguous);
        let norm = contiguous(norm);
        let (convolved, parts) = conv::forward(&x, &weight, &bias, &spec, !norm.is_empty());
        let (out, statistics) = norm_pool::forward(&convolved, parts, &norm, &spec);
        (out, convolved, statistics)
    }

    fn conv_block_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        norm: Floats<Self>,
        convolved: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        spec: BlockSpec,
        wants_input: bool,
    ) -> Vec<FloatTensor<Self>> {
        let [x, weight, gradient] = [x, weight, gradient].map(into_contiguous);
        let norm = contiguous(norm);
        let (slope, learned) = norm_pool_backward::backward(&convolved, &norm, &gradient, &spec);
        let mut gradients = conv_backward::weight_gradient(&x, &weight, &slope, &spec, !norm.is_empty());
        gradients.extend(learned);
        if wants_input {
            gradients.push(conv_backward::input_gradient(&x, &weight, &slope, &spec));
        }
        gradients
    }

    fn conv_block_evaluate(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        norm: Floats<Self>,
        spec: BlockSpec,
    ) -> FloatTensor<Self> {
        let [x, weight, bias] = [x, weight, bias].map(into_contiguous);
        let norm = contiguous(norm);
        let (convolved, _) = conv::forward(&x, &weight, &bias, &spec, false);
        norm_pool::evaluate(&convolved, &norm, &spec)
    }

    fn dense(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self> {
        let [x, weight, bias] = [x, weight, bias].map(into_contiguous);
        gemm::dense(&x, &weight, &bias, activation)
    }

    fn dense_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        y: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        scale: Floats<Self>,
        activation: Activation,
        wants_input: bool,
    ) -> Vec<FloatTensor<Self>> {
        let [x, weight, y, gradient] = [x, weight, y, gradient].map(into_contiguous);
        let scale = contiguous(scale);
        gemm::dense_backward(&x, &weight, &y, &gradient, scale.first(), activation, wants_input)
    }

    fn dropout(x: FloatTensor<Self>, mask: Mask) -> FloatTensor<Self> {
        dropout::dropout(&into_contiguous(x), mask)
    }

    fn dense_cross_entropy(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        labels: IntTensor<Self>,
        ledger: FloatTensor<Self>,
        slot: usize,
        smoothing: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [x, weight, bias, labels, ledger] = [x, weight, bias, labels, ledger].map(into_contiguous);
        cross_entropy::forward(&x, &weight, &bias, &labels, ledger, slot, smoothing)
    }

    fn update(
        parameters: Floats<Self>,
        gradients: Floats<Self>,
        state: FloatTensor<Self>,
        update: Update,
    ) -> Vec<FloatTensor<Self>> {
        optimizer::update(
            contiguous(parameters),
            contiguous(gradients),
            into_contiguous(state),
            update,
        )
    }
}

/// An activation's derivative by its input, from its output.
#[cube]
fn derivative(y: f32, #[comptime] activation: Activation) -> f32 {
    match comptime!(activation) {
        Activation::None => 1.0f32.runtime(),
        Activation::Relu => select(y > 0.0, 1.0f32, 0.0f32),
        Activation::Tanh => 1.0 - y * y,
    }
}

/// An activation.
#[cube]
fn activate(x: f32, #[comptime] activation: Activation) -> f32 {
    match comptime!(activation) {
        Activation::None => x,
        Activation::Relu => max(x, 0.0f32),
        Activation::Tanh => x.tanh(),
    }
}

/// Σ a[i + k·u] · b[j + k·v] over k < `terms`, of `a_at` = [i, u] and `b_at` = [j, v], as one expression. To add products
/// to a variable one by one would cost a software adapter a masked write each.
#[cube]
fn dot(
    a: &Sequence<f32>,
    b: &Sequence<f32>,
    #[comptime] a_at: [usize; 2],
    #[comptime] b_at: [usize; 2],
    #[comptime] terms: usize,
) -> f32 {
    let last = comptime!(terms - 1);
    let product = a[comptime!(a_at[0] + last * a_at[1])] * b[comptime!(b_at[0] + last * b_at[1])];
    if comptime!(last == 0) {
        product
    } else {
        dot(a, b, a_at, b_at, last) + product
    }
}

/// Units that join the values of a cube, for each of the two sums.
const JOINING: usize = 4;

/// The sums of the `a` and of the `b` of every one of a cube's `units`, in each unit. Their order is fixed. Once
/// in a kernel.
#[cube]
fn cube_sums(a: f32, b: f32, #[comptime] units: usize) -> (f32, f32) {
    let share = comptime!(units / JOINING);
    let mut values = Shared::<[f32]>::new_slice(comptime!(2 * units));
    let mut joined = Shared::<[f32]>::new_slice(comptime!(2 * JOINING));
    let unit = UNIT_POS as usize;
    values[unit] = a;
    values[units + unit] = b;
    sync_cube();
    if unit < comptime!(2 * JOINING) {
        let mut sum = 0.0f32;
        for i in 0..share {
            sum += values[unit * share + i];
        }
        joined[unit] = sum;
    }
    sync_cube();
    let mut sum_a = 0.0f32;
    let mut sum_b = 0.0f32;
    #[unroll]
    for i in 0..JOINING {
        sum_a += joined[i];
        sum_b += joined[JOINING + i];
    }
    (sum_a, sum_b)
}
