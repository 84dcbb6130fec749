//! Metrics against golden data (PyTorch in float64 and scikit-learn).

use rarefy_eval::metrics::REGISTRY;
use rarefy_eval::{Accuracy, separation};
use safetensors::SafeTensors;
use serde_json::Value;

const JSON: &str = include_str!("../../../tests/golden/eval_metrics.json");
const TENSORS: &[u8] = include_bytes!("../../../tests/golden/eval_metrics.safetensors");
const TOLERANCE: f64 = 1e-5;

fn floats(name: &str) -> Vec<f32> {
    let file = SafeTensors::deserialize(TENSORS).unwrap();
    file.tensor(name).unwrap().data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

fn labels(name: &str) -> Vec<u32> {
    let file = SafeTensors::deserialize(TENSORS).unwrap();
    let numbers = file.tensor(name).unwrap().data().as_chunks().0.to_vec();
    numbers.into_iter().map(|bytes| i64::from_le_bytes(bytes) as u32).collect()
}

fn near(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap_or_else(|| panic!("no number for {what}"));
    assert!((found - expected).abs() <= TOLERANCE, "{what}: {found}, expected {expected}");
}

#[test]
fn accuracy_and_calibration_agree_with_the_golden_data() {
    let json: Value = serde_json::from_str(JSON).unwrap();
    let golden = &json["classification"];
    let (logits, labels) = (floats("logits_in"), labels("labels_in"));
    let mut accuracy = Accuracy::new(10);
    // In batches of any size.
    for (logits, labels) in logits.chunks(70).zip(labels.chunks(7)) {
        accuracy.add_logits(logits, labels, 1.0).unwrap();
    }
    let evaluation = accuracy.finish().unwrap();
    assert_eq!(evaluation.samples, 500);
    let names = ["accuracy", "top5", "nll", "brier", "ece", "mce", "adaptive_ece"];
    let keys = ["top1", "top5", "nll", "brier", "ece", "mce", "adaptive_ece"];
    for (name, key) in names.into_iter().zip(keys) {
        near(evaluation.get(name).unwrap(), &golden[key], name);
    }
    for (bin, row) in evaluation.reliability.all().iter().zip(golden["bins_table"].as_array().unwrap()) {
        assert_eq!(Some(bin.samples), row[2].as_u64());
        near(bin.accuracy(), &row[3], "accuracy of a bin");
        near(bin.confidence(), &row[4], "confidence of a bin");
    }
    let right: u64 = evaluation.classes().iter().map(|class| class.correct).sum();
    near(right as f64 / 500.0, &golden["top1"], "the diagonal of the confusion matrix");
}

#[test]
fn separation_agrees_with_the_golden_data() {
    let json: Value = serde_json::from_str(JSON).unwrap();
    let (inside, outside) = (floats("logits_in"), floats("logits_out"));
    let score = |name: &str, row: &[f32]| {
        let most = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let sum: f64 = row.iter().map(|&logit| (f64::from(logit) - most).exp()).sum();
        match name {
            "msp" => 1.0 / sum,
            "max_logit" => most,
            _ => sum.ln() + most,
        }
    };
    for name in ["msp", "max_logit", "energy"] {
        let scores = |logits: &[f32]| logits.chunks(10).map(|row| score(name, row)).collect::<Vec<_>>();
        let scored = separation::Scored::new(&scores(&inside), &scores(&outside)).unwrap();
        for (ours, key) in [
            ("auroc", "auroc"),
            ("aupr_in", "aupr_in"),
            ("aupr_out", "aupr_out"),
            ("fpr95_id", "fpr_at_95_tpr"),
        ] {
            let measure = separation::REGISTRY.iter().find(|measure| measure.name == ours).unwrap();
            near((measure.value)(&scored), &json["ood"][name][key], &format!("{ours} of {name}"));
        }
    }
}

#[test]
fn every_metric_keeps_its_bounds_and_ignores_the_order_of_samples() {
    let (logits, labels) = (floats("logits_in"), labels("labels_in"));
    let evaluate = |order: &mut dyn Iterator<Item = usize>| {
        let mut accuracy = Accuracy::new(10);
        for sample in order {
            let row = &logits[sample * 10..][..10];
            accuracy.add_logits(row, &labels[sample..=sample], 1.0).unwrap();
        }
        accuracy.finish().unwrap()
    };
    let (forward, backward) = (evaluate(&mut (0..500)), evaluate(&mut (0..500).rev()));
    for (metric, (a, b)) in REGISTRY.iter().zip(forward.metrics.iter().zip(&backward.metrics)) {
        assert!((a - b).abs() < 1e-12, "{}: {a} and {b}", metric.name);
        assert!(*a >= 0.0 && *a <= metric.most, "{}: {a}", metric.name);
    }
}

#[test]
fn a_perfect_network_has_the_best_value_of_every_metric() {
    let mut accuracy = Accuracy::new(3);
    for label in [0, 1, 2, 1] {
        let logits: [f32; 3] = std::array::from_fn(|class| if class == label { 100.0 } else { -100.0 });
        accuracy.add_logits(&logits, &[label as u32], 1.0).unwrap();
    }
    let evaluation = accuracy.finish().unwrap();
    for (metric, value) in REGISTRY.iter().zip(&evaluation.metrics) {
        let best = if metric.higher_is_better { metric.most } else { 0.0 };
        assert!((value - best).abs() < 1e-12, "{}: {value}", metric.name);
    }
}

#[test]
fn nothing_seen_wrong_lengths_and_no_numbers_are_errors() {
    assert!(Accuracy::new(3).finish().unwrap_err().to_string().contains("no samples"));
    let mut accuracy = Accuracy::new(3);
    let message = |result: Result<(), rarefy_eval::EvalError>| result.unwrap_err().to_string();
    assert!(message(accuracy.add_logits(&[0.0; 5], &[0], 1.0)).contains("expected 3 logits, found 5"));
    assert!(message(accuracy.add_logits(&[0.0; 3], &[3], 1.0)).contains("labels below 3"));
    assert!(message(accuracy.add_logits(&[f32::NAN; 3], &[0], 1.0)).contains("not a finite number"));
    assert!(separation::Scored::new(&[1.0], &[]).unwrap_err().to_string().contains("out-of-distribution"));
    assert!(separation::Scored::new(&[f64::NAN], &[0.0]).unwrap_err().to_string().contains("not a finite"));
}
