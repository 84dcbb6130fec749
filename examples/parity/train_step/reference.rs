//! The steps on the reference executor, in f64.

use super::golden::Golden;
use crate::tally::Tally;
use rarefy::nn::optim::reference::Sgd;
use rarefy::nn::reference::{Mode, Network, backward, cross_entropy, forward, mask};

/// Relative, of everything.
const TOLERANCE: f64 = 1e-8;

pub(super) fn check(golden: &Golden) -> Result<Tally, String> {
    let (graph, classes) = (&golden.graph, golden.graph.classes());
    let patterns = golden.patterns()?;
    let sgd = Sgd { momentum: golden.momentum, nesterov: golden.nesterov, weight_decay: golden.weight_decay };
    let mut network = Network::<f64>::zeros(graph);
    for (index, values) in network.params.iter_mut().enumerate() {
        *values = golden.parameter("init", index)?.to_vec();
    }
    let mut momentum: Vec<Vec<f64>> = network.params.iter().map(|values| vec![0.0; values.len()]).collect();
    let mut tally = Tally::default();
    let refused = |error: rarefy::nn::reference::ReferenceError| error.to_string();

    for step in 1..=golden.steps {
        let images = golden.tensor(&format!("x.step{step}"))?;
        let trace = forward(graph, &network, images, golden.batch, Mode::Train).map_err(refused)?;
        let logits = format!("logits.step{step}");
        tally.tensor(&logits, trace.logits(), golden.tensor(&logits)?, TOLERANCE);
        let loss = cross_entropy(trace.logits(), &golden.labels(step)?, classes).map_err(refused)?;
        tally.number(&format!("loss of step {step}"), loss.mean, golden.loss(step)?, TOLERANCE);
        let mut gradients = backward(graph, &network, &trace, &loss.gradient).map_err(refused)?.params;
        mask(graph, &patterns, &mut gradients);
        if step == 1 {
            for ((index, name), gradient) in golden.names().enumerate().zip(&gradients) {
                tally.tensor(
                    &format!("grad1.{name}"),
                    gradient,
                    golden.parameter("grad1", index)?,
                    TOLERANCE,
                );
            }
        }
        for ((values, gradient), momentum) in network.params.iter_mut().zip(&gradients).zip(&mut momentum) {
            sgd.step(golden.lr, values, gradient, momentum);
        }
        network.update_running(&trace);
    }

    for (index, name) in golden.names().enumerate() {
        for (kind, found) in [("after", &network.params), ("momentum", &momentum)] {
            let expected = golden.parameter(kind, index)?;
            tally.tensor(&format!("{kind}.{name}"), &found[index], expected, TOLERANCE);
        }
    }
    for (index, (_, node)) in graph.batch_norms().enumerate() {
        for (kind, running) in [("mean", &network.running_mean), ("var", &network.running_var)] {
            let name = format!("after.{}.running_{kind}", node.name);
            tally.tensor(&name, &running[index], golden.tensor(&name)?, TOLERANCE);
        }
    }
    let trace =
        forward(graph, &network, golden.tensor("x.step1")?, golden.batch, Mode::Eval).map_err(refused)?;
    tally.tensor("eval_logits", trace.logits(), golden.tensor("eval_logits")?, TOLERANCE);
    let loss = cross_entropy(trace.logits(), &golden.labels(1)?, classes).map_err(refused)?;
    tally.number("eval_loss", loss.mean, golden.eval_loss, TOLERANCE);
    Ok(tally)
}
