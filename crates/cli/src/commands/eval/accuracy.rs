//! Accuracy and calibration.

use super::network::Network;
use super::watcher::Watcher;
use super::{Args, report::Named};
use crate::failure::Failure;
use rarefy::eval::metrics::REGISTRY;
use rarefy::eval::{Evaluation, FittedTemperature, Temperature, evaluate as evaluate_split};
use serde::Serialize;

/// Accuracy and calibration of one network.
#[derive(Serialize)]
pub(super) struct Accuracy {
    pub(super) samples: u64,
    pub(super) accuracy: f64,
    pub(super) top5: f64,
    pub(super) loss: f64,
    pub(super) per_class: Vec<Class>,
    pub(super) metrics: Named,
    pub(super) confusion: Vec<Vec<u64>>,
    pub(super) reliability: Vec<Bin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<Scaled>,
}

#[derive(Serialize)]
pub(super) struct Class {
    pub(super) class: usize,
    pub(super) samples: u64,
    pub(super) accuracy: Option<f64>,
}

/// A bar of the reliability diagram: confidences in (lo, hi].
#[derive(Serialize)]
pub(super) struct Bin {
    pub(super) lo: f64,
    pub(super) hi: f64,
    pub(super) samples: u64,
    pub(super) accuracy: f64,
    pub(super) confidence: f64,
}

/// The same network with its logits divided by a temperature.
#[derive(Serialize)]
pub(super) struct Scaled {
    /// 1 if the temperature is not identified.
    pub(super) value: f64,
    pub(super) identified: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    pub(super) validation_nll_before: f64,
    pub(super) validation_nll_after: f64,
    pub(super) metrics: Named,
    pub(super) reliability: Vec<Bin>,
}

pub(super) fn evaluate(
    args: &Args,
    network: &mut Network,
    watcher: &mut Watcher,
) -> Result<Accuracy, Failure> {
    let Network { path, dataset, classifier, .. } = network;
    let split = args.split.split();
    let evaluation = evaluate_split(classifier, dataset, split, 1.0, watcher)?;
    let temperature = match args.temperature {
        true => Some(scaled(&Temperature::fit(classifier, dataset, split, watcher)?)),
        false => None,
    };
    if let Some(reason) = temperature.as_ref().and_then(|scaled| scaled.reason.as_ref()) {
        watcher.note(format!("{}: the temperature is not identified and stays 1: {reason}", path.display()));
    }
    Ok(describe(evaluation, temperature))
}

/// An evaluation as it is reported.
pub(super) fn describe(evaluation: Evaluation, temperature: Option<Scaled>) -> Accuracy {
    let value = |name| evaluation.get(name).unwrap_or_default();
    let class = |(class, score): (usize, rarefy::eval::ClassScore)| Class {
        class,
        samples: score.samples,
        accuracy: score.accuracy(),
    };
    Accuracy {
        samples: evaluation.samples,
        accuracy: value("accuracy"),
        top5: value("top5"),
        loss: value("nll"),
        per_class: evaluation.classes().into_iter().enumerate().map(class).collect(),
        metrics: named(&evaluation),
        reliability: reliability(&evaluation),
        confusion: evaluation.confusion,
        temperature,
    }
}

fn scaled(temperature: &Temperature) -> Scaled {
    let FittedTemperature { value, nll, unidentified } = temperature.fitted;
    let [validation_nll_before, validation_nll_after] = nll;
    Scaled {
        value,
        identified: unidentified.is_none(),
        reason: unidentified.map(|reason| reason.to_string()),
        validation_nll_before,
        validation_nll_after,
        metrics: named(&temperature.after),
        reliability: reliability(&temperature.after),
    }
}

/// Values by the names of the registry.
fn named(evaluation: &Evaluation) -> Named {
    REGISTRY.iter().map(|metric| metric.name.to_owned()).zip(evaluation.metrics.iter().copied()).collect()
}

fn reliability(evaluation: &Evaluation) -> Vec<Bin> {
    let bins = evaluation.reliability.all();
    let edge = |bin: usize| bin as f64 / bins.len() as f64;
    let bar = |(index, bin): (usize, &rarefy::eval::metrics::Bin)| Bin {
        lo: edge(index),
        hi: edge(index + 1),
        samples: bin.samples,
        accuracy: bin.accuracy(),
        confidence: bin.confidence(),
    };
    bins.iter().enumerate().map(bar).collect()
}
