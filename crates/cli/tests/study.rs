//! `rarefy study`: what is wrong is found before anything is trained, and one network's failure is not the others'.

mod common;

use common::{fails, files, folder, rarefy};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

const BASE: &str = "[base]\ndata = \"digits\"\nmodel = \"cifar_resnet_8_4\"\nepochs = 1\n";

/// A study of a sound network and one with these keys, `head` before everything.
fn study(head: &str, keys: &str) -> String {
    format!("{head}\n{BASE}[[networks]]\nname = \"sound\"\n[[networks]]\nname = \"other\"\n{keys}\n")
}

fn write(folder: &TempDir, text: &str) {
    std::fs::write(folder.path().join("study.toml"), text).unwrap();
}

fn command(folder: &TempDir) -> assert_cmd::Command {
    let mut command = rarefy(folder);
    command.args(["study", "study.toml", "--out", "runs", "--quiet", "--threads", "1"]);
    command
}

#[test]
fn every_faulty_study_fails_before_a_network_is_trained() {
    let folder = folder();
    std::fs::write(folder.path().join("densities.toml"), "\"conv.weight\" = 2.0\n").unwrap();
    let cases: &[(&str, &str, i32, &[&str])] = &[
        ("", "model = \"cifar_resnet_9\"", 2, &["other-s1", "cifar_resnet_9"]),
        ("", "model = \"resmet\"", 2, &["other-s1", "resmet"]),
        ("", "model = \"vgg11_bn_cifar\"", 2, &["other-s1", "vgg11"]),
        ("", "sparse_init = \"erc\"", 2, &["other-s1", "erc"]),
        ("", "sparse_init = \"erk_plus\"\ndensity = 0.001", 2, &["other-s1", "erk_plus"]),
        ("", "density = 0.0", 2, &["other", "density"]),
        ("", "mask_from = \"missing\"", 2, &["other-s1", "missing"]),
        ("", "weights_from = \"missing/best.ckpt\"", 2, &["other-s1", "missing"]),
        ("", "sparse_init = \"file:missing.toml\"", 1, &["other-s1", "missing.toml"]),
        ("", "sparse_init = \"file:densities.toml\"", 2, &["other-s1"]),
        ("", "data = \"cifar10\"\ndata_dir = \"missing\"", 3, &["other-s1", "cifar10"]),
        ("", "method = \"rigl\"\ndynamic.drop = \"magnitute\"", 2, &["other-s1", "magnitude"]),
        ("", "saliency_mask = true", 2, &["other-s1", "saliency_mask"]),
        ("", "optimizer = \"adam\"\nmomentum = 0.5", 2, &["other-s1", "momentum", "optimizer sgd"]),
        ("eval = [\"--attack\", \"fgms\"]", "", 2, &["study.toml", "fgsm"]),
        ("eval = [\"--scores\", \"mps\", \"--ood\", \"uniform-noise\"]", "", 2, &["study.toml", "msp"]),
        ("eval = [\"--corruptions\", \"--reference\", \"missing\"]", "", 2, &["study.toml", "missing"]),
        (
            "eval = [\"--attack\", \"fgsm\", \"--transfer-from\", \"missing\"]",
            "",
            2,
            &["study.toml", "missing"],
        ),
        ("eval = [\"--temperature\"]", "valid_split = 0.0", 2, &["study.toml"]),
        ("seeds = []", "", 2, &["`seeds` is an empty list"]),
        ("seeds = [1, 2, 1]", "", 2, &["seed 1 is listed twice"]),
    ];
    for (head, keys, code, words) in cases {
        write(&folder, &study(head, keys));
        let before = files(folder.path());
        fails(&mut command(&folder), *code, words);
        assert!(!folder.path().join("runs").exists(), "{head} {keys}");
        assert_eq!(files(folder.path()), before, "{head} {keys}");
    }
    write(&folder, "networks = []");
    fails(&mut command(&folder), 2, &["`networks` is an empty list"]);
    std::fs::write(folder.path().join("study.toml"), [0xff, 0xfe, 0x00]).unwrap();
    fails(&mut command(&folder), 2, &["study.toml", "UTF-8"]);
}

#[test]
fn a_run_of_other_settings_is_not_taken_for_the_one_asked_for() {
    let folder = folder();
    write(&folder, &study("", "density = 0.2"));
    command(&folder).assert().success();
    let trained = files(&folder.path().join("runs"));
    for (keys, key) in [("density = 0.5", "density"), ("density = 0.2\nmethod = \"rigl\"", "method")] {
        write(&folder, &study("", keys));
        fails(&mut command(&folder), 2, &["other-s1", &format!("its {key} is")]);
    }
    write(&folder, &study("", "density = 0.2"));
    fails(
        command(&folder).args(["--epochs", "3"]),
        2,
        &["sound-s1", "its epochs is 1, the recipe asks for 3"],
    );
    // An interrupted one is none either.
    std::fs::remove_file(folder.path().join("runs/other-s1/summary.json")).unwrap();
    write(&folder, &study("", "density = 0.5"));
    fails(&mut command(&folder), 2, &["other-s1", "its density is"]);
    std::fs::write(folder.path().join("runs/other-s1/summary.json"), &trained["other-s1/summary.json"])
        .unwrap();
    assert_eq!(files(&folder.path().join("runs")), trained);
    write(&folder, &study("", "density = 0.2"));
    command(&folder).assert().success();
}

#[test]
fn networks_may_start_from_those_before_them() {
    let folder = folder();
    let head = "eval = [\"--corruptions\", \"--reference\", \"runs/sound-s1\", \"--samples\", \"20\"]";
    write(&folder, &study(head, "mask_from = \"runs/sound-s1\""));
    command(&folder).assert().success();
    command(&folder).assert().success();
}

#[test]
fn a_network_that_diverges_is_told_and_takes_the_others_nothing() {
    let folder = folder();
    let text = format!("{BASE}[[networks]]\nname = \"wild\"\nlr = 1e30\n[[networks]]\nname = \"sound\"\n");
    write(&folder, &text);
    let output = command(&folder).arg("--json").assert().code(4).get_output().clone();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("error: 1 of 2 networks could not be trained"), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["results"].as_array().unwrap().len(), 1);
    assert_eq!(Path::new(report["untrained"][0]["network"].as_str().unwrap()), Path::new("runs/wild-s1"));
    assert!(report["untrained"][0]["problem"].as_str().unwrap().contains("not a finite number"));
    let output = command(&folder).assert().code(4).get_output().clone();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("could not be trained") && table.contains("runs/wild-s1"), "{table}");
}
