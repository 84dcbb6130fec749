//! `rarefy eval` and `rarefy export` on runs of digits.

mod common;

use common::{TINY, fails, files, folder, rarefy};
use rarefy::prelude::*;
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// A folder with the run `run`; at a constant rate, so that its best epoch is not simply the last.
fn trained() -> TempDir {
    let folder = folder();
    rarefy(&folder)
        .args(["train", "--epochs", "3", "--lr-schedule", "constant", "--quiet", "--out", "run"])
        .args(TINY)
        .assert()
        .success();
    folder
}

fn eval(folder: &TempDir, args: &[&str]) -> Value {
    let output = rarefy(folder).args(["eval", "--json"]).args(args).assert().success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn scores_are_those_that_training_reported() {
    let folder = trained();
    let summary = read(&folder.path().join("run/summary.json"));
    let report = eval(&folder, &["run", "run/last.ckpt", "--threads", "2", "--batch-size", "7"]);
    let [best, last] = &report["results"].as_array().unwrap()[..] else { panic!("{report}") };
    assert_eq!(best["checkpoint"], "run/best.ckpt");
    assert_eq!(best["epoch"], summary["best_epoch"]);
    assert_eq!(best["accuracy"], summary["test_acc"]);
    assert_eq!(last["accuracy"], summary["test_acc_last"]);
    assert_eq!((&best["nnz"], &best["density"]), (&summary["nnz"], &summary["density"]));
    let loss = |value: &Value| value.as_f64().unwrap();
    assert!((loss(&best["loss"]) - loss(&summary["test_loss"])).abs() < 1e-5, "{report}");
    let validation = eval(&folder, &["run", "--split", "validation"]);
    assert_eq!(validation["results"][0]["accuracy"], summary["val_acc"]);
    assert_eq!(eval(&folder, &["run", "--split", "train"])["results"][0]["samples"], 1257);
}

#[test]
fn classes_sum_to_the_whole() {
    let folder = trained();
    let report = eval(&folder, &["run"]);
    let score = &report["results"][0];
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&report), ["results"]);
    let expected = [
        "checkpoint",
        "model",
        "step",
        "epoch",
        "nnz",
        "density",
        "data",
        "split",
        "samples",
        "accuracy",
        "top5",
        "loss",
        "per_class",
        "metrics",
        "confusion",
        "reliability",
    ];
    assert_eq!(keys(score), expected);
    assert_eq!((&score["data"], &score["split"]), (&"digits".into(), &"test".into()));
    let classes = score["per_class"].as_array().unwrap();
    let samples = |class: &Value| class["samples"].as_u64().unwrap();
    assert_eq!(classes.len(), 10);
    assert_eq!(classes.iter().map(samples).sum::<u64>(), 360);
    let correct: f64 =
        classes.iter().map(|class| class["accuracy"].as_f64().unwrap() * samples(class) as f64).sum();
    let (accuracy, top5) = (score["accuracy"].as_f64().unwrap(), score["top5"].as_f64().unwrap());
    assert!((correct / 360.0 - accuracy).abs() < 1e-9);
    assert!(accuracy < top5 && top5 <= 1.0);
}

#[test]
fn a_temperature_improves_the_validation_likelihood_and_keeps_the_accuracy() {
    let folder = trained();
    let report = eval(&folder, &["run", "--temperature"]);
    let score = &report["results"][0];
    let scaled = &score["temperature"];
    let number = |value: &Value| value.as_f64().unwrap();
    assert!(number(&scaled["validation_nll_after"]) <= number(&scaled["validation_nll_before"]), "{scaled}");
    assert!(number(&scaled["value"]) > 0.0);
    assert_eq!(scaled["identified"], true);
    assert_eq!(scaled["metrics"]["accuracy"], score["accuracy"]);
    assert_eq!(score["metrics"]["nll"], score["loss"]);
    let samples = |bins: &Value| -> u64 {
        bins.as_array().unwrap().iter().map(|bin| bin["samples"].as_u64().unwrap()).sum()
    };
    assert_eq!((samples(&score["reliability"]), samples(&scaled["reliability"])), (360, 360));
}

#[test]
fn a_perfect_validation_split_identifies_no_temperature() {
    let folder = folder();
    // Such a network makes no error on the validation images, with any seed that was tried.
    rarefy(&folder)
        .args(["train", "--density", "0.3", "--epochs", "12", "--threads", "1", "--quiet", "--out", "run"])
        .assert()
        .success();
    assert_eq!(read(&folder.path().join("run/summary.json"))["val_acc"], 1.0);
    let report = eval(&folder, &["run", "--temperature"]);
    let score = &report["results"][0];
    let scaled = &score["temperature"];
    assert_eq!((&scaled["identified"], &scaled["value"]), (&false.into(), &1.0.into()));
    assert_eq!(scaled["validation_nll_after"], scaled["validation_nll_before"]);
    assert_eq!(scaled["metrics"], score["metrics"], "nothing gets worse");
    let why = "all 180 samples of the validation split are classified right";
    assert!(scaled["reason"].as_str().unwrap().starts_with(why), "{scaled}");
    let output =
        rarefy(&folder).args(["eval", "run", "--temperature"]).assert().success().get_output().clone();
    let [told, table] = [output.stderr, output.stdout].map(|text| String::from_utf8(text).unwrap());
    let note = "run/best.ckpt: the temperature is not identified and stays 1: all 180 samples";
    assert!(told.starts_with(note) && told.lines().count() == 1, "{told}");
    assert_eq!(table.matches("not identified").count(), 1, "{table}");
}

#[test]
fn several_checkpoints_make_a_table() {
    let folder = trained();
    let output = rarefy(&folder).args(["eval", "run/best.ckpt", "run/last.ckpt"]).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3 + 1 + 3, "{text}");
    assert!(lines[4].starts_with("calibration") && lines[4].ends_with("mce"), "{text}");
    assert!(lines[0].starts_with("checkpoint") && lines[0].contains("top-5"), "{text}");
    assert!(lines[1].starts_with("run/best.ckpt") && lines[2].starts_with("run/last.ckpt"), "{text}");
    let one = rarefy(&folder).args(["eval", "run"]).assert().success();
    assert_eq!(one.get_output().stdout.iter().filter(|&&byte| byte == b'\n').count(), 2 + 1 + 2 + 1 + 11);
}

#[test]
fn what_cannot_be_scored_is_refused() {
    let folder = trained();
    fails(rarefy(&folder).args(["eval", "absent"]), 2, &["absent", "no run"]);
    fails(rarefy(&folder).args(["eval", "run", "--data", "digit"]), 2, &["unknown data set", "`digits`"]);
    let ckpt = folder.path().join("run/best.ckpt");
    let sound = std::fs::read(&ckpt).unwrap();
    let mut flipped = sound.clone();
    *flipped.last_mut().unwrap() ^= 4;
    for damaged in [&flipped[..], &sound[..sound.len() / 2], b"garbage"] {
        std::fs::write(&ckpt, damaged).unwrap();
        fails(rarefy(&folder).args(["eval", "run"]), 3, &["best.ckpt"]);
        fails(rarefy(&folder).args(["export", "run", "--dense", "--out", "net"]), 3, &["best.ckpt"]);
    }
    assert!(!folder.path().join("net").exists());
}

#[test]
fn data_of_other_images_or_classes_are_refused() {
    let folder = folder();
    let digits = Extent { channels: 1, height: 8, width: 8 };
    for (name, extent, classes) in
        [("classes", digits, 11), ("extent", Extent { channels: 3, height: 32, width: 32 }, 10)]
    {
        let graph = models::build("cifar_resnet_8_2", extent, classes).unwrap();
        let patterns = draw_patterns(&graph, &Recipe::default()).unwrap().patterns;
        let store = rarefy::nn::params::ParamStore::new(&graph, patterns).unwrap();
        let path = folder.path().join(name);
        Checkpoint { meta: rarefy::formats::Meta::new(&graph), store, extras: Default::default() }
            .save(&path)
            .unwrap();
        fails(rarefy(&folder).args(["eval", name]), 2, &[name, "--data"]);
        let found = "the data set `digits` has 1x8x8 images of 10 classes";
        fails(rarefy(&folder).args(["eval", name, "--data", "digits"]), 2, &[found]);
    }
}

#[test]
fn a_dense_export_is_a_file_of_pytorch_tensors() {
    let folder = trained();
    let export = |args: &[&str]| {
        let mut command = rarefy(&folder);
        command.args(["export", "run"]).args(args);
        command
    };
    export(&["--format", "safetensors", "--dense", "--out", "net.safetensors"]).assert().success();
    let file = std::fs::read(folder.path().join("net.safetensors")).unwrap();
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
    assert_eq!(header["conv.weight"]["shape"], serde_json::json!([4, 1, 3, 3]));
    assert_eq!(header["bn.num_batches_tracked"]["dtype"], "I64");
    let before = files(folder.path());
    fails(&mut export(&["--out", "sparse"]), 2, &["--dense"]);
    fails(&mut export(&["--dense", "--out", "run/best.ckpt"]), 2, &["overwritten"]);
    fails(&mut export(&["--dense", "--out", "absent/net"]), 1, &["absent/net"]);
    fails(&mut export(&["--format", "onyx", "--dense", "--out", "net"]), 2, &["onyx", "safetensors"]);
    assert_eq!(files(folder.path()), before);
}
