//! The course network against PyTorch, from the same initial weights on the same batches of MNIST.
//!
//! `tests/fixtures/pytorch_course.py` made the numbers; it says how. The initial weights are those of seed 1,
//! `digit-lab info --seed 1 --save init.safetensors`.

use burn::tensor::Tensor;
use digit_lab::{
    dataset::{Batch, ResidentSplit},
    net::NetConfig,
    recipe::Recipe,
    session::{Start, TrainSession},
};
use serde_json::Value;

use crate::support::{assert_close, file, mnist, on_every_device};

const BATCH: usize = 64;
const STEPS: usize = 50;

async fn fixture() -> Value {
    serde_json::from_slice(&file("tests/fixtures/pytorch_course.json").await).unwrap()
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64().unwrap())
        .collect()
}

on_every_device! {
    /// 1e-4 relative: PyTorch's own f32 losses are within 3e-6 of its f64 ones over these steps, and a GPU sums in
    /// another order.
    async fn the_losses_are_pytorchs(accelerator: Accelerator) {
        let fixture = fixture().await;
        let (train, test) = mnist().await;
        let mut session = TrainSession::new(accelerator);
        session.load_data(&train.take(BATCH * STEPS), &test.take(1000));
        let recipe = Recipe { seed: 1, shuffle: false, steps: Some(STEPS), ..Recipe::course() };
        let found = crate::support::losses(&mut session, recipe, Start::Fresh).await;
        assert_close(&found, &numbers(&fixture["float32"]["losses"])[..STEPS], 1e-4, "losses");

        // Three images in a thousand and 1e-3 of the loss: what conv.bias's drift does to PyTorch's own.
        let found = session.evaluate().await.unwrap();
        let expected = &fixture["float32"]["test"];
        assert!((found.loss - expected["loss"].as_f64().unwrap()).abs() < 1e-3, "{}", found.loss);
        assert!((found.accuracy - expected["accuracy"].as_f64().unwrap()).abs() <= 3e-3);
    }

    /// Of the first step, against float64: the length of each gradient, and its first values, within 1e-4 of themselves
    /// or of that length.
    async fn the_gradients_are_pytorchs(accelerator: Accelerator) {
        let (train, _) = mnist().await;
        let mut net = NetConfig::course().init(1, &accelerator.device.clone().autodiff()).unwrap();
        let data = ResidentSplit::upload(&train.take(BATCH), &accelerator.device);
        let order = data.order(&(0..BATCH as u32).collect::<Vec<_>>());
        let batch = data.batch(&order, 0, BATCH, None);
        let ledger = Tensor::zeros([2], &accelerator.device).autodiff();
        let batch = Batch { images: batch.images.autodiff(), labels: batch.labels.autodiff() };
        let (loss, _) = net.loss(batch, ledger, 0, 0.0, 0);
        let gradients = loss.backward();

        let block = &net.conv[0];
        let norm = block.norm.as_ref().unwrap();
        let mut found = vec![
            ("conv.weight".to_string(), block.weight.grad(&gradients).unwrap().flatten(0, 3)),
            ("conv.bias".into(), block.bias.grad(&gradients).unwrap()),
            ("bat2d.weight".into(), norm.weight.grad(&gradients).unwrap()),
            ("bat2d.bias".into(), norm.bias.grad(&gradients).unwrap()),
        ];
        for (layer, name) in net.dense.iter().zip(["linear", "linear1", "linear2"]) {
            let weight: Tensor<2> = layer.weight.grad(&gradients).unwrap();
            found.push((format!("{name}.weight"), weight.transpose().flatten(0, 1)));
            found.push((format!("{name}.bias"), layer.bias.grad(&gradients).unwrap()));
        }
        let expected = &fixture().await["float64"]["gradients"];
        assert_eq!(found.len(), expected.as_object().unwrap().len());
        for (name, gradient) in found {
            let gradient: Tensor<1> = gradient;
            let values = gradient.into_data_async().await.unwrap().try_into_vec::<f32>().unwrap();
            let length = values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
            let wanted = expected[&name]["norm"].as_f64().unwrap();
            // That of conv.bias is 0 under batch norm, but for PyTorch's rounding.
            assert!((length - wanted).abs() <= 1e-4 * wanted + 1e-15, "{name}: length {length}, {wanted}");
            for (&value, wanted) in values.iter().zip(numbers(&expected[&name]["first"])) {
                let apart = (f64::from(value) - wanted).abs();
                assert!(apart <= 1e-4 * wanted.abs().max(length / 100.0) + 1e-15, "{name}: {value}, {wanted}");
            }
        }
    }
}
