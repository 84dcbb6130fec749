//! The steps on the fast engine, in f32.

use super::golden::Golden;
use crate::tally::Tally;
use rarefy::nn::optim::Optimizer;
use rarefy::nn::params::{Column, ParamStore};
use rarefy::nn::{Session, SessionError, SessionOptions};

/// Relative, of what one forward pass gives.
const FORWARD: f64 = 1e-5;
/// Relative, of each gradient tensor of the first step.
const GRADIENT: f64 = 1e-4;
/// Relative, of the losses of later steps.
const LATER_LOSS: f64 = 1e-4;
/// Relative, of each parameter and running statistic after the last step.
const PARAMETER: f64 = 1e-3;
/// Relative, of each momentum tensor after the last step.
const MOMENTUM: f64 = 1e-2;
/// Absolute, in evaluation mode after the last step. The mean loss moves by no more than twice the largest logit does.
const EVALUATION: f64 = 1e-3;

pub(super) fn check(golden: &Golden) -> Result<Tally, String> {
    let mut store = ParamStore::new(&golden.graph, golden.patterns()?).map_err(|error| error.to_string())?;
    for view in 0..store.views().len() {
        store.set_from_dense(view, Column::Value, &narrow(golden.parameter("init", view)?));
    }
    let optimizer = Optimizer::Sgd {
        momentum: golden.momentum as f32,
        nesterov: golden.nesterov,
        weight_decay: golden.weight_decay as f32,
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let options = SessionOptions { max_batch: golden.batch, threads, optimizer };
    let refused = |error: SessionError| error.to_string();
    let mut session = Session::new(golden.graph.clone(), store, options).map_err(refused)?;
    let mut tally = Tally::default();

    for step in 1..=golden.steps {
        let images = narrow(golden.tensor(&format!("x.step{step}"))?);
        let outcome = session.train_step(&images, &golden.labels(step)?, golden.lr).map_err(refused)?;
        let tolerance = if step == 1 { FORWARD } else { LATER_LOSS };
        let loss = outcome.loss_sum / golden.batch as f64;
        tally.number(&format!("loss of step {step}"), loss, golden.loss(step)?, tolerance);
        if step == 1 {
            compare(golden, &session, "grad1", Column::Gradient, GRADIENT, &mut tally)?;
        }
    }

    compare(golden, &session, "after", Column::Value, PARAMETER, &mut tally)?;
    compare(golden, &session, "momentum", Column::Momentum, MOMENTUM, &mut tally)?;
    let store = session.store();
    for (norm, range) in store.norms() {
        for (kind, running) in [("mean", store.running_mean()), ("var", store.running_var())] {
            let name = format!("after.{norm}.running_{kind}");
            tally.tensor(&name, &widen(&running[range.clone()]), golden.tensor(&name)?, PARAMETER);
        }
    }
    let images = narrow(golden.tensor("x.step1")?);
    let logits = session.logits(&images, golden.batch).map_err(refused)?;
    tally.absolute("eval_logits", &widen(&logits), golden.tensor("eval_logits")?, EVALUATION);
    let outcome = session.evaluate(&images, &golden.labels(1)?).map_err(refused)?;
    let loss = outcome.loss_sum / golden.batch as f64;
    tally.absolute("eval_loss", &[loss], &[golden.eval_loss], EVALUATION);
    Ok(tally)
}

/// Compares one column of every parameter with the file's tensors `kind.NAME`.
fn compare(
    golden: &Golden,
    session: &Session,
    kind: &str,
    column: Column,
    tolerance: f64,
    tally: &mut Tally,
) -> Result<(), String> {
    for (view, name) in golden.names().enumerate() {
        let found = widen(&session.store().to_dense(view, column));
        tally.tensor(&format!("{kind}.{name}"), &found, golden.parameter(kind, view)?, tolerance);
    }
    Ok(())
}

fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// Inputs of these files are f32 numbers, so nothing is lost.
fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}
