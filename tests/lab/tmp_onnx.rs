//! Temporary.
use digit_lab::{device::Accelerator, net::*, recipe::Recipe, session::Start};
use crate::support::{bars, losses, session, small};

#[test]
fn write_onnx_files() {
    let out = std::env::var("ONNX_OUT").unwrap();
    let block = |filters, kernel, stride, padding, batch_norm, activation, pool| ConvConfig { filters, kernel, stride, padding, batch_norm, activation, pool, dropout: 0.1 };
    let dense = |units, activation| DenseConfig { units, activation, dropout: 0.1 };
    use Activation::{None as Plain, Relu, Tanh};
    let nets = [
        ("course", NetConfig::course()),
        ("fast", Recipe::fast().net),
        ("best", Recipe::best().net),
        ("strides", NetConfig { conv: vec![block(6, 4, 2, 1, false, Relu, Pool::None), block(8, 3, 1, 0, true, Tanh, Pool::Mean { size: 2, stride: 2 })], dense: vec![dense(16, Relu)] }),
        ("overlap", NetConfig { conv: vec![block(5, 9, 1, 4, true, Relu, Pool::Max { size: 3, stride: 2 }), block(4, 2, 3, 1, false, Plain, Pool::Mean { size: 2, stride: 1 })], dense: vec![] }),
        ("no-conv", NetConfig { conv: vec![], dense: vec![dense(20, Tanh), dense(12, Plain)] }),
        ("bare", NetConfig { conv: vec![], dense: vec![] }),
        ("no-dense", NetConfig { conv: vec![block(7, 5, 1, 2, true, Tanh, Pool::Max { size: 2, stride: 2 })], dense: vec![] }),
    ];
    let images = bars(20);
    std::fs::write(format!("{out}/images.bin"), (0..20).flat_map(|i| images.image(i).to_vec()).collect::<Vec<u8>>()).unwrap();
    for (name, net) in nets {
        let mut session = session(Accelerator::cpu(), 60, 20);
        let average = (name == "fast").then_some(0.8);
        losses(&mut session, Recipe { net, average, steps: Some(12), learning_rate: 0.003, ..small(20, 9) }, Start::Fresh).await_now();
        let classes = (0..10).map(|i| format!("类 {i}")).collect::<Vec<_>>();
        let classes = (name != "bare").then_some(classes);
        let bytes = pollster::block_on(session.save_onnx(classes.as_deref())).unwrap();
        std::fs::write(format!("{out}/{name}.onnx"), bytes).unwrap();
        let mut all = Vec::new();
        for i in 0..20 {
            let pixels = images.image(i).iter().map(|&b| f32::from(b) / 255.0).collect::<Vec<_>>();
            all.extend(pollster::block_on(session.predict(&pixels)).unwrap());
        }
        std::fs::write(format!("{out}/{name}.bin"), all.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>()).unwrap();
    }
}
trait Now { type Out; fn await_now(self) -> Self::Out; }
impl<F: Future> Now for F { type Out = F::Output; fn await_now(self) -> F::Output { pollster::block_on(self) } }
