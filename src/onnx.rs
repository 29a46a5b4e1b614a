//! A network as an ONNX file (https://onnx.ai), for programs that know nothing of this one: ONNX Runtime, on servers,
//! on phones and in browsers, and everything that converts from it.
//!
//! It is the network as it is evaluated: batch norm with its running statistics, nothing dropped. The input `image` is
//! `[batch, 1, 28, 28]`, 0 (paper) to 1 (ink), of any number of images; the outputs are `logits` and `probabilities`,
//! `[batch, 10]` each. Weights have PyTorch's names, as in a safetensors file. The file's metadata has the network as
//! JSON, `net`, and where given the names of the classes as a JSON list, `classes`.

mod proto;

use prost::Message;
use safetensors::View;

use crate::{
    checkpoint::{Held, HeldTensor},
    dataset::{CLASSES, SIDE},
    error::{Error, Result},
    kernels::conv_block::EPSILON,
    net::{Activation, ConvConfig, NetConfig, Pool, layer_name},
};
use proto::{Attribute, Dimension, Graph, Model, Node, OperatorSet, StringEntry, Tensor, ValueInfo};

/// Of July 2022 (ONNX 1.12, ONNX Runtime 1.12): old enough to be read everywhere, and with every operator that is used
/// here in its present form.
const OPERATOR_SET: i64 = 17;
/// The form of the file that came with it.
const IR_VERSION: i64 = 8;

const INPUT: &str = "image";
const LOGITS: &str = "logits";
const PROBABILITIES: &str = "probabilities";
/// The dimension that is open.
const BATCH: &str = "batch";

/// Writes the network of `config`, whose tensors `held` has.
///
/// # Errors
/// [`Error::BadOption`] for a network that cannot exist.
pub(crate) fn write(config: &NetConfig, held: &Held, classes: Option<&[String]>) -> Result<Vec<u8>> {
    let mut chain = Chain::default();
    for (at, block) in config.conv.iter().enumerate() {
        chain.convolution(at, block);
    }
    chain.add("Flatten", "flatten", &[], vec![Attribute::int("axis", 1)]);
    let hidden = config.dense.iter().map(|layer| layer.activation);
    for (at, activation) in hidden.chain([Activation::None]).enumerate() {
        let name = layer_name("linear", at);
        // PyTorch keeps a layer's weights output by output.
        let transposed = vec![Attribute::int("transB", 1)];
        chain.add("Gemm", &name, &["weight", "bias"], transposed);
        chain.activation(&name, activation);
    }
    chain.name_output(LOGITS);
    chain.add("Softmax", "softmax", &[], vec![Attribute::int("axis", 1)]);
    chain.name_output(PROBABILITIES);

    let json = |value: serde_json::Result<String>| {
        value.map_err(|error| Error::option("classes", error.to_string()))
    };
    let mut metadata = vec![StringEntry::new("net", json(serde_json::to_string(config))?)];
    if let Some(classes) = classes {
        metadata.push(StringEntry::new("classes", json(serde_json::to_string(classes))?));
    }
    let side = Dimension::fixed(SIDE);
    let ten = || vec![Dimension::open(BATCH), Dimension::fixed(CLASSES)];
    let model = Model {
        ir_version: IR_VERSION,
        producer_name: env!("CARGO_PKG_NAME").into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: format!(
            "Recognises the ten classes of images of {SIDE}×{SIDE} pixels. Input: `{INPUT}`, 0 (paper) to 1 (ink). Outputs: \
             `{LOGITS}` and, by softmax, `{PROBABILITIES}`."
        ),
        graph: Some(Graph {
            node: chain.nodes,
            name: env!("CARGO_PKG_NAME").into(),
            initializer: held
                .tensors
                .iter()
                .map(|tensor| initializer(held, tensor))
                .collect(),
            input: vec![ValueInfo::floats(
                INPUT,
                vec![Dimension::open(BATCH), Dimension::fixed(1), side.clone(), side],
            )],
            output: vec![
                ValueInfo::floats(LOGITS, ten()),
                ValueInfo::floats(PROBABILITIES, ten()),
            ],
        }),
        opset_import: vec![OperatorSet {
            domain: String::new(),
            version: OPERATOR_SET,
        }],
        metadata_props: metadata,
    };
    Ok(model.encode_to_vec())
}

fn initializer(held: &Held, tensor: &HeldTensor) -> Tensor {
    let entry = tensor.entry(held.in_use(tensor));
    Tensor {
        dims: entry.shape().iter().map(|&size| size as i64).collect(),
        data_type: proto::FLOAT,
        name: tensor.name.clone(),
        raw_data: entry.data().into_owned(),
    }
}

/// Operations, each of which takes what the one before gives.
#[derive(Default)]
struct Chain {
    nodes: Vec<Node>,
}

impl Chain {
    /// Adds the operation `name`, with its tensors `name.part` of the network.
    fn add(&mut self, operator: &str, name: &str, parts: &[&str], attribute: Vec<Attribute>) {
        let before = self.nodes.last().and_then(|node| node.output.first());
        let input = before.cloned().unwrap_or_else(|| INPUT.into());
        let tensors = parts.iter().map(|part| format!("{name}.{part}"));
        self.nodes.push(Node {
            input: [input].into_iter().chain(tensors).collect(),
            output: vec![format!("{name}.{}", operator.to_lowercase())],
            name: format!("{name}.{operator}"),
            op_type: operator.into(),
            attribute,
        });
    }

    fn name_output(&mut self, name: &str) {
        if let Some(last) = self.nodes.last_mut() {
            last.output = vec![name.into()];
        }
    }

    fn activation(&mut self, layer: &str, activation: Activation) {
        match activation {
            Activation::None => {}
            Activation::Relu => self.add("Relu", layer, &[], Vec::new()),
            Activation::Tanh => self.add("Tanh", layer, &[], Vec::new()),
        }
    }

    fn convolution(&mut self, at: usize, block: &ConvConfig) {
        let name = layer_name("conv", at);
        let window = vec![
            Attribute::ints("kernel_shape", [block.kernel; 2]),
            Attribute::ints("strides", [block.stride; 2]),
            Attribute::ints("pads", [block.padding; 4]),
        ];
        self.add("Conv", &name, &["weight", "bias"], window);
        if block.batch_norm {
            let parts = ["weight", "bias", "running_mean", "running_var"];
            let epsilon = vec![Attribute::float("epsilon", EPSILON as f32)];
            self.add("BatchNormalization", &layer_name("bat2d", at), &parts, epsilon);
        }
        self.activation(&name, block.activation);
        let window = |size, stride| {
            vec![
                Attribute::ints("kernel_shape", [size; 2]),
                Attribute::ints("strides", [stride; 2]),
            ]
        };
        match block.pool {
            Pool::None => {}
            Pool::Max { size, stride } => self.add("MaxPool", &name, &[], window(size, stride)),
            Pool::Mean { size, stride } => self.add("AveragePool", &name, &[], window(size, stride)),
        }
    }
}
