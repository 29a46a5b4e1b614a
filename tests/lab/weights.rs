//! Weights in and out, under PyTorch's names.

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::collections::HashMap;

use digit_lab::{device::Accelerator, net::Pool, recipe::Recipe, session::Start};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::support::{losses, on_every_device, session, small};

/// The tensors of the course network as PyTorch's `state_dict` has them.
const PYTORCH: [(&str, &[usize]); 13] = [
    ("bat2d.bias", &[32]),
    ("bat2d.num_batches_tracked", &[]),
    ("bat2d.running_mean", &[32]),
    ("bat2d.running_var", &[32]),
    ("bat2d.weight", &[32]),
    ("conv.bias", &[32]),
    ("conv.weight", &[32, 1, 5, 5]),
    ("linear.bias", &[70]),
    ("linear.weight", &[70, 6272]),
    ("linear1.bias", &[30]),
    ("linear1.weight", &[30, 70]),
    ("linear2.bias", &[10]),
    ("linear2.weight", &[10, 30]),
];

/// A course file of zeros in which `change` may put, replace or remove tensors.
fn course_file(change: impl FnOnce(&mut HashMap<String, (Dtype, Vec<usize>, Vec<u8>)>)) -> Vec<u8> {
    let mut tensors = HashMap::new();
    for (name, shape) in PYTORCH {
        let (dtype, size) = match shape.is_empty() {
            true => (Dtype::I64, 8),
            false => (Dtype::F32, 4),
        };
        let bytes = vec![0; shape.iter().product::<usize>() * size];
        tensors.insert(name.to_string(), (dtype, shape.to_vec(), bytes));
    }
    change(&mut tensors);
    let views = tensors
        .iter()
        .map(|(name, (dtype, shape, bytes))| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

#[test]
fn a_file_that_does_not_fit_is_refused_by_tensor_and_shape() {
    let mut session = session(Accelerator::cpu(), 8, 8);
    let mut refused = |bytes: &[u8]| {
        let error = session.load_weights(bytes).expect_err("a bad file");
        assert_eq!(error.code(), "bad-weights");
        error.to_string()
    };
    assert!(
        refused(b"PK\x03\x04 a zip file")
            .starts_with("the weights do not fit: this is not a safetensors file")
    );
    assert_eq!(
        refused(&course_file(|tensors| drop(tensors.remove("linear1.bias")))),
        "the weights do not fit: linear1.bias is missing; it is expected with shape [30]"
    );
    assert_eq!(
        refused(&course_file(|tensors| tensors
            .get_mut("linear.weight")
            .unwrap()
            .1 = vec![6272, 70])),
        "the weights do not fit: linear.weight has shape [6272, 70]; [70, 6272] is expected"
    );
    let other_type = (Dtype::F64, vec![32], vec![0; 256]);
    assert_eq!(
        refused(&course_file(|tensors| drop(
            tensors.insert("conv.bias".into(), other_type)
        ))),
        "the weights do not fit: conv.bias holds F64; F32 is expected"
    );
    let nan = (Dtype::F32, vec![10], f32::NAN.to_le_bytes().repeat(10));
    assert_eq!(
        refused(&course_file(|tensors| drop(
            tensors.insert("linear2.bias".into(), nan)
        ))),
        "the weights do not fit: linear2.bias holds NaN at 0; finite numbers are expected"
    );
    let named = HashMap::from([("net".to_string(), "{\"conv\": 3}".to_string())]);
    let no_net = safetensors::serialize(
        [("a", TensorView::new(Dtype::U8, vec![1], &[0]).unwrap())],
        Some(named),
    );
    assert!(
        refused(&no_net.unwrap())
            .starts_with("the weights do not fit: the network that the file names: invalid type")
    );
    let extra = (Dtype::F32, vec![1], vec![0; 4]);
    assert!(
        refused(&course_file(|tensors| drop(
            tensors.insert("conv1.bias".into(), extra)
        )))
        .starts_with("the weights do not fit: conv1.bias, of shape [1], is not part of this network")
    );
    session
        .load_weights(&course_file(|_| ()))
        .expect("the file itself is good");
}

on_every_device! {
    async fn saved_weights_have_pytorchs_names_and_layouts_and_come_back_the_same(accelerator: Accelerator) {
        let mut session = session(accelerator.clone(), 16, 20);
        losses(&mut session, small(8, 1), Start::Fresh).await;
        let bytes = session.save_weights().await.unwrap();
        let before = session.evaluate().await.unwrap();

        let file = SafeTensors::deserialize(&bytes).unwrap();
        let mut found = file.iter().map(|(name, tensor)| (name, tensor.shape().to_vec())).collect::<Vec<_>>();
        found.sort();
        assert_eq!(found, PYTORCH.map(|(name, shape)| (name, shape.to_vec())));
        assert_eq!(file.tensor("bat2d.num_batches_tracked").unwrap().data(), 2i64.to_le_bytes());

        let mut other = crate::support::session(accelerator, 16, 20);
        other.load_weights(&bytes).unwrap();
        assert_eq!(other.save_weights().await.unwrap(), bytes);
        assert_eq!(other.evaluate().await.unwrap(), before);
    }

    /// By the file itself where we wrote it, by names and shapes where PyTorch did.
    async fn weights_bring_their_network_along(accelerator: Accelerator) {
        let mut net = Recipe::fast().net;
        net.conv[1].pool = Pool::Mean { size: 2, stride: 2 };
        for (net, named) in [(net, true), (Recipe::fast().net, false)] {
            let mut session = session(accelerator.clone(), 16, 20);
            losses(&mut session, Recipe { net: net.clone(), ..small(8, 1) }, Start::Fresh).await;
            let before = session.evaluate().await.unwrap();
            let mut bytes = session.save_weights().await.unwrap();
            if !named {
                let file = SafeTensors::deserialize(&bytes).unwrap();
                bytes = safetensors::serialize(file.iter(), None).unwrap();
            }
            let mut other = crate::support::session(accelerator.clone(), 16, 20);
            assert_eq!(other.load_weights(&bytes).unwrap(), net);
            assert_eq!(other.evaluate().await.unwrap(), before);
        }
    }

    async fn a_refused_file_changes_nothing(accelerator: Accelerator) {
        let mut session = session(accelerator, 8, 8);
        losses(&mut session, small(8, 1), Start::Fresh).await;
        let before = session.save_weights().await.unwrap();
        let bad = course_file(|tensors| drop(tensors.remove("linear2.bias")));
        assert!(session.load_weights(&bad).is_err());
        assert!(session.start(small(8, 1), Start::From(&bad)).is_err());
        assert_eq!(session.save_weights().await.unwrap(), before);
    }

    /// Loaded weights are what the next run starts from, unless it asks for fresh ones.
    async fn a_run_starts_from_the_weights_that_were_loaded(accelerator: Accelerator) {
        let mut session = session(accelerator, 16, 8);
        losses(&mut session, small(8, 1), Start::Fresh).await;
        let bytes = session.save_weights().await.unwrap();
        let given = losses(&mut session, small(16, 1), Start::From(&bytes)).await;
        session.load_weights(&bytes).unwrap();
        assert_eq!(losses(&mut session, small(16, 1), Start::Auto).await, given);
        let fresh = losses(&mut session, small(16, 1), Start::Auto).await;
        assert_eq!(losses(&mut session, small(16, 1), Start::Fresh).await, fresh);
        assert_ne!(fresh, given);
    }
}
