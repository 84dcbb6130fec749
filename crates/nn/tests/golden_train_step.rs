//! Four training steps of a masked cifar_resnet_20_8 against PyTorch in f64, on the reference executor.

use rarefy_nn::graph::{Extent, Graph, Role};
use rarefy_nn::models;
use rarefy_nn::optim::reference::Sgd;
use rarefy_nn::reference::{Mode, Network, backward, cross_entropy, forward};
use safetensors::{Dtype, SafeTensors};

/// Relative, in the L2 norm of a tensor.
const TOLERANCE: f64 = 1e-8;
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/train_step_cifar_resnet_20_8");

struct Golden<'a> {
    tensors: SafeTensors<'a>,
    json: serde_json::Value,
}

impl Golden<'_> {
    fn tensor(&self, name: &str) -> Vec<f64> {
        let view = self.tensors.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        match view.dtype() {
            Dtype::F64 => numbers(view.data(), f64::from_le_bytes),
            Dtype::F32 => numbers(view.data(), |bytes| f64::from(f32::from_le_bytes(bytes))),
            Dtype::I64 => numbers(view.data(), |bytes| i64::from_le_bytes(bytes) as f64),
            Dtype::U8 => view.data().iter().map(|&byte| f64::from(byte)).collect(),
            other => panic!("{name} holds {other:?}"),
        }
    }

    fn config(&self, key: &str) -> f64 {
        self.json["config"][key].as_f64().unwrap_or_else(|| panic!("config has no number `{key}`"))
    }

    fn labels(&self, name: &str) -> Vec<u32> {
        self.tensor(name).into_iter().map(|label| label as u32).collect()
    }

    fn assert_near(&self, name: &str, found: &[f64]) {
        assert_near(name, found, &self.tensor(name));
    }
}

fn numbers<const N: usize>(bytes: &[u8], decode: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.as_chunks().0.iter().map(|&bytes| decode(bytes)).collect()
}

fn assert_near(name: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "length of {name}");
    let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
    let difference = norm(&mut found.iter().zip(expected).map(|(a, b)| a - b));
    let size = norm(&mut expected.iter().copied());
    assert!(difference <= TOLERANCE * size, "{name}: off by {difference}, norm {size}");
}

fn clear_masked(graph: &Graph, golden: &Golden<'_>, tensors: &mut [Vec<f64>]) {
    for (parameter, tensor) in graph.parameters().iter().zip(tensors) {
        if parameter.role == Role::Weight {
            let mask = golden.tensor(&format!("mask.{}", parameter.name));
            tensor.iter_mut().zip(mask).for_each(|(value, mask)| *value *= mask);
        }
    }
}

#[test]
fn four_masked_sgd_steps_match_pytorch() {
    let bytes = std::fs::read(format!("{GOLDEN}.safetensors")).expect("golden tensors");
    let json = std::fs::read(format!("{GOLDEN}.json")).expect("golden configuration");
    let golden = Golden {
        tensors: SafeTensors::deserialize(&bytes).expect("safetensors"),
        json: serde_json::from_slice(&json).expect("JSON"),
    };
    let (batch, classes) = (golden.config("batch") as usize, golden.config("classes") as usize);
    let input = Extent { channels: 3, height: 32, width: 32 };
    let graph = models::build("cifar_resnet_20_8", input, classes).expect("a known model");
    let names: Vec<&str> = graph.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
    let sgd = Sgd {
        momentum: golden.config("momentum"),
        nesterov: golden.json["config"]["nesterov"] == true,
        weight_decay: golden.config("weight_decay"),
    };

    let mut network = Network::<f64>::zeros(&graph);
    network.params = names.iter().map(|name| golden.tensor(&format!("init.{name}"))).collect();
    let mut momentum: Vec<Vec<f64>> = network.params.iter().map(|tensor| vec![0.0; tensor.len()]).collect();
    for step in 1..=golden.config("steps") as usize {
        let (images, labels) =
            (golden.tensor(&format!("x.step{step}")), golden.labels(&format!("labels.step{step}")));
        let trace = forward(&graph, &network, &images, batch, Mode::Train).expect("shapes fit");
        golden.assert_near(&format!("logits.step{step}"), trace.logits());
        let loss = cross_entropy(trace.logits(), &labels, classes).expect("labels fit");
        assert_near(&format!("loss of step {step}"), &[loss.mean], &[golden.tensor("loss")[step - 1]]);
        let mut gradients = backward(&graph, &network, &trace, &loss.gradient).expect("same graph").params;
        clear_masked(&graph, &golden, &mut gradients);
        if step == 1 {
            for (name, gradient) in names.iter().zip(&gradients) {
                golden.assert_near(&format!("grad1.{name}"), gradient);
            }
        }
        for ((values, gradient), momentum) in network.params.iter_mut().zip(&gradients).zip(&mut momentum) {
            sgd.step(golden.config("lr"), values, gradient, momentum);
        }
        network.update_running(&trace);
    }

    for ((name, values), momentum) in names.iter().zip(&network.params).zip(&momentum) {
        golden.assert_near(&format!("after.{name}"), values);
        golden.assert_near(&format!("momentum.{name}"), momentum);
    }
    let running = network.running_mean.iter().zip(&network.running_var);
    for ((_, node), (mean, variance)) in graph.batch_norms().zip(running) {
        golden.assert_near(&format!("after.{}.running_mean", node.name), mean);
        golden.assert_near(&format!("after.{}.running_var", node.name), variance);
    }
    let trace = forward(&graph, &network, &golden.tensor("x.step1"), batch, Mode::Eval).expect("shapes fit");
    golden.assert_near("eval_logits", trace.logits());
    let loss = cross_entropy(trace.logits(), &golden.labels("labels.step1"), classes).expect("labels fit");
    assert_near("eval_loss", &[loss.mean], &[golden.json["eval_loss"].as_f64().expect("a number")]);
}
