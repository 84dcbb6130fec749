//! `eval_metrics.safetensors` with its `.json`: metrics, out-of-distribution scores, and attacks on the network of the train
//! step file beside it.

use crate::json;
use crate::tally::{Outcome, Tally};
use crate::tensors::{self, Tensor};
use crate::train_step::golden::Golden;
use rarefy::data::Normalization;
use rarefy::eval::attacks::{Settings, Target, find};
use rarefy::eval::scores::{self, Outputs, Shape};
use rarefy::eval::separation::{self, Scored};
use rarefy::eval::{Accuracy, Classifier, EvalError};
use rarefy::nn::params::{Column, ParamStore};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// Absolute, of every metric, and of the losses of clean and FGSM images.
const METRIC: f64 = 1e-5;
/// Relative, of the gradient with respect to the pixels.
const GRADIENT: f64 = 1e-4;
/// Absolute, of the loss of PGD images.
const PGD_LOSS: f64 = 1e-3;
/// Shares of pixels that may be elsewhere: signs of gradients near 0.
const FGSM_PIXELS: f64 = 0.001;
const PGD_PIXELS: f64 = 0.03;
/// Absolute, of logits.
const LOGITS: f64 = 1e-3;

type Tensors = HashMap<String, Tensor>;

/// Compares everything the file holds.
pub(crate) fn check(path: &Path) -> Result<Outcome, String> {
    let (golden, tensors) = (json::read(&path.with_extension("json"))?, tensors::read(path)?);
    let mut network = network(path, json::get(&golden, "adversarial")?)?;
    let parts = vec![
        ("classification", classification(json::get(&golden, "classification")?, &tensors)?),
        ("ood", ood(json::get(&golden, "ood")?, &tensors, &mut network)?),
        ("adversarial", adversarial(json::get(&golden, "adversarial")?, &tensors, &mut network)?),
    ];
    let skipped = ["interpolated edges of adaptive ECE", "trapezoidal areas of precision and recall"];
    Ok(Outcome::new(parts, skipped.map(String::from).to_vec()))
}

fn values<'a>(tensors: &'a Tensors, name: &str) -> Result<&'a Tensor, String> {
    tensors.get(name).ok_or_else(|| format!("no tensor `{name}`"))
}

fn floats(tensors: &Tensors, name: &str) -> Result<Vec<f32>, String> {
    Ok(values(tensors, name)?.values.iter().map(|&value| value as f32).collect())
}

fn labels(tensors: &Tensors, name: &str) -> Result<Vec<u32>, String> {
    Ok(values(tensors, name)?.values.iter().map(|&value| value as u32).collect())
}

fn refused(error: EvalError) -> String {
    error.to_string()
}

fn classification(golden: &Value, tensors: &Tensors) -> Result<Tally, String> {
    let classes = json::integer(json::get(golden, "classes")?)? as usize;
    let mut accuracy = Accuracy::new(classes);
    accuracy
        .add_logits(&floats(tensors, "logits_in")?, &labels(tensors, "labels_in")?, 1.0)
        .map_err(refused)?;
    let evaluation = accuracy.finish().map_err(refused)?;
    let mut tally = Tally::default();
    let names = ["top1", "top5", "nll", "brier", "ece", "mce", "adaptive_ece"];
    for key in names {
        let name = if key == "top1" { "accuracy" } else { key };
        let found = evaluation.get(name).ok_or_else(|| format!("no metric `{name}`"))?;
        tally.absolute(key, &[found], &[json::number(json::get(golden, key)?)?], METRIC);
    }
    for (bin, row) in evaluation.reliability.all().iter().zip(json::array(json::get(golden, "bins_table")?)?)
    {
        let column = |index| json::number(json::at(row, index)?);
        let found = [bin.samples as f64, bin.accuracy(), bin.confidence()];
        tally.absolute("a bin", &found, &[column(2)?, column(3)?, column(4)?], METRIC);
    }
    Ok(tally)
}

fn ood(golden: &Value, tensors: &Tensors, network: &mut Classifier) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for detector in ["msp", "max_logit", "energy"] {
        let expected = json::get(golden, detector)?;
        let mut score = |name: &str| -> Result<Vec<f64>, String> {
            let logits = floats(tensors, name)?;
            let shape = Shape { classes: network.classes(), features: 0, training: 0 };
            let mut scores = Vec::new();
            let outputs = Outputs { pixels: &[], logits: &logits, features: &[] };
            let mut detector = (scores::find(detector).map_err(refused)?.new)(shape);
            detector.score(network, &outputs, &mut scores).map_err(refused)?;
            Ok(scores)
        };
        let (inside, outside) = (score("logits_in")?, score("logits_out")?);
        for (key, scores) in [("first5_in", &inside), ("first5_out", &outside)] {
            let first = json::array(json::get(expected, key)?)?.iter().map(json::number);
            let first: Vec<f64> = first.collect::<Result<_, _>>()?;
            tally.absolute(
                &format!("{detector} {key}"),
                scores.get(..first.len()).unwrap_or_default(),
                &first,
                METRIC,
            );
        }
        let scored = Scored::new(&inside, &outside).map_err(refused)?;
        for measure in separation::REGISTRY.iter().filter(|measure| measure.name != "fpr95_ood") {
            let key = if measure.name == "fpr95_id" { "fpr_at_95_tpr" } else { measure.name };
            let expected = json::number(json::get(expected, key)?)?;
            tally.absolute(
                &format!("{} of {detector}", measure.name),
                &[(measure.value)(&scored)],
                &[expected],
                METRIC,
            );
        }
    }
    Ok(tally)
}

/// The network after the steps of the train step file in the same folder, its masked weights gone.
fn network(path: &Path, golden: &Value) -> Result<Classifier, String> {
    let weights = json::text(json::get(golden, "weights")?)?;
    let name = weights.split(':').next().unwrap_or_default();
    let trained = Golden::read(&path.with_file_name(name))?;
    let mut store =
        ParamStore::new(&trained.graph, trained.patterns()?).map_err(|error| error.to_string())?;
    let narrow = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<f32>>();
    for view in 0..store.views().len() {
        store.set_from_dense(view, Column::Value, &narrow(trained.parameter("after", view)?));
    }
    for (norm, range) in store.norms().to_vec() {
        let (mean, var) = store.running_mut();
        mean[range.clone()].copy_from_slice(&narrow(trained.tensor(&format!("after.{norm}.running_mean"))?));
        var[range].copy_from_slice(&narrow(trained.tensor(&format!("after.{norm}.running_var"))?));
    }
    let constants =
        |key| json::array(json::get(golden, key)?)?.iter().map(json::number).collect::<Result<_, _>>();
    let normalization = Normalization { mean: constants("mean")?, std: constants("std")? };
    Classifier::new(trained.graph, store, normalization, trained.batch, 1).map_err(refused)
}

fn adversarial(golden: &Value, tensors: &Tensors, network: &mut Classifier) -> Result<Tally, String> {
    let labels = labels(tensors, "image_labels")?;
    let pixels: Vec<f32> =
        values(tensors, "images")?.values.iter().map(|&byte| byte as f32 / 255.0).collect();
    let mut tally = Tally::default();
    let (_, gradient) = network.loss_gradient(&pixels, &labels).map_err(refused)?;
    let gradient: Vec<f64> = gradient.into_iter().map(f64::from).collect();
    tally.tensor("input_gradient", &gradient, &values(tensors, "input_gradient")?.values, GRADIENT);

    let share = |key: &str| -> Result<f64, String> {
        let text = json::text(json::get(golden, key)?)?;
        let (above, below) = text.split_once('/').ok_or_else(|| format!("`{key}` is no fraction"))?;
        let number = |text: &str| text.parse::<f64>().map_err(|error| format!("`{key}`: {error}"));
        Ok(number(above)? / number(below)?)
    };
    let steps = json::integer(json::get(golden, "pgd_steps")?)? as u32;
    let (eps, step) = (share("eps")?, Some(share("step")?));
    let settings = Settings { eps, steps, step, random_start: false, restarts: 1, seed: 0 };
    let target = Target { pixels: &pixels, labels: &labels, first: 0 };
    compare(golden, tensors, network, "clean", &pixels, &labels, METRIC, &mut tally)?;
    for (name, loss, allowed) in [("fgsm", METRIC, FGSM_PIXELS), ("pgd", PGD_LOSS, PGD_PIXELS)] {
        let attacked =
            (find(name).map_err(refused)?.perturb)(network, &settings, &target).map_err(refused)?;
        let expected = &values(tensors, &format!("{name}_images"))?.values;
        let elsewhere =
            attacked.iter().zip(expected).filter(|(a, b)| (f64::from(**a) - **b).abs() > 1e-4).count();
        let share = elsewhere as f64 / expected.len() as f64;
        tally.require(
            &format!("{name} pixels"),
            attacked.len() == expected.len() && share <= allowed,
            || format!("{elsewhere} of {} pixels differ", expected.len()),
        );
        compare(golden, tensors, network, name, &attacked, &labels, loss, &mut tally)?;
    }
    Ok(tally)
}

/// Loss, accuracy, predictions and logits of attacked pixels.
fn compare(
    golden: &Value,
    tensors: &Tensors,
    network: &mut Classifier,
    name: &str,
    pixels: &[f32],
    labels: &[u32],
    tolerance: f64,
    tally: &mut Tally,
) -> Result<(), String> {
    let golden = json::get(golden, name)?;
    let logits = network.logits(pixels).map_err(refused)?;
    let mut accuracy = Accuracy::new(network.classes());
    accuracy.add_logits(&logits, labels, 1.0).map_err(refused)?;
    let evaluation = accuracy.finish().map_err(refused)?;
    let found = |name: &str| evaluation.get(name).unwrap_or(f64::NAN);
    tally.absolute(
        &format!("{name} loss"),
        &[found("nll")],
        &[json::number(json::get(golden, "loss")?)?],
        tolerance,
    );
    let expected = json::number(json::get(golden, "accuracy")?)?;
    tally.absolute(&format!("{name} accuracy"), &[found("accuracy")], &[expected], METRIC);
    let wide: Vec<f64> = logits.iter().map(|&logit| f64::from(logit)).collect();
    let expected = &values(tensors, &format!("{name}_logits"))?.values;
    // PGD's images may differ in some pixels, and its logits with them.
    let tolerance = if name == "pgd" { 10.0 * LOGITS } else { LOGITS };
    tally.absolute(&format!("{name} logits"), &wide, expected, tolerance);
    Ok(())
}
