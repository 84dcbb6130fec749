//! `rarefy eval` beyond accuracy, `rarefy gradient-flow` and `rarefy study`, on runs of digits.

mod common;

use common::{TINY, fails, files, folder, rarefy, texts};
use rarefy::nn::params::Column;
use rarefy::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

fn train(folder: &TempDir, out: &str, seed: &str, density: &str) {
    rarefy(folder)
        .args(["train", "--epochs", "2", "--quiet", "--out", out, "--seed", seed, "--density", density])
        .args(TINY)
        .assert()
        .success();
}

fn eval(folder: &TempDir, args: &[&str]) -> Value {
    let output = rarefy(folder).args(["eval", "--json", "--threads", "1"]).args(args).assert().success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

#[test]
fn detection_attacks_and_corruptions_are_reported_and_drawn() {
    let folder = folder();
    train(&folder, "run", "1", "0.5");
    let asked = [
        "run",
        "--ood",
        "uniform,gaussian",
        "--scores",
        "msp,knn,mahalanobis",
        "--attack",
        "fgsm,noise",
        "--eps",
        "0,1/10",
        "--samples",
        "40",
        "--corruptions",
        "--reference",
        "run",
        "--plots",
        "figures",
    ];
    let report = eval(&folder, &asked);
    let result = &report["results"][0];
    let ood = result["ood"].as_array().unwrap();
    assert_eq!(ood.len(), 6);
    let keys: Vec<&String> = ood[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["set", "samples", "score", "auroc", "aupr_in", "aupr_out", "fpr95_id", "fpr95_ood"]);
    assert_eq!((&ood[0]["set"], &ood[0]["samples"]), (&"uniform".into(), &40.into()));
    let attacks = result["attacks"].as_array().unwrap();
    let row = |at: usize| (attacks[at]["attack"].as_str().unwrap(), attacks[at]["eps"].as_str().unwrap());
    assert_eq!([row(0), row(1), row(3)], [("fgsm", "0"), ("fgsm", "1/10"), ("noise", "1/10")]);
    assert_eq!(attacks[0]["accuracy"], attacks[2]["accuracy"], "a change of size 0");
    assert_eq!(attacks[0]["samples"], 40);
    let corruptions = &result["corruptions"];
    assert_eq!(
        (&corruptions["set"], corruptions["kinds"].as_array().unwrap().len()),
        (&"rarefy-c".into(), 15)
    );
    let ratio = corruptions["relative"]["ratio"].as_f64().unwrap();
    assert!((ratio - 1.0).abs() < 1e-12, "of itself: {ratio}");
    assert_eq!(eval(&folder, &asked), report, "the same again");
    let drawn = files(&folder.path().join("figures"));
    let names: Vec<&str> = drawn.keys().map(String::as_str).collect();
    assert_eq!(names, ["reliability.svg", "roc.svg", "scores.svg"]);
    for (file, words) in [
        ("reliability.svg", &["Reliability: cifar_resnet_8_4 at density 0.5 on digits (test)", "images"][..]),
        ("roc.svg", &["uniform", "gaussian", "msp", "knn", "mahalanobis"]),
        ("scores.svg", &["msp, uniform", "mahalanobis, gaussian", "digits", "other images"]),
    ] {
        let texts = texts(&drawn[file]);
        assert!(words.iter().all(|word| texts.contains(&(*word).to_owned())), "{file}: {texts:?}");
    }
}

#[test]
fn a_figure_answers_one_question_about_any_number_of_networks() {
    let folder = folder();
    for (out, seed, density) in [("a1", "1", "0.5"), ("a2", "2", "0.5"), ("b1", "1", "0.1")] {
        train(&folder, out, seed, density);
    }
    let asked = [
        "a1",
        "a2",
        "b1",
        "--ood",
        "uniform",
        "--scores",
        "msp,energy",
        "--samples",
        "20",
        "--plots",
        "figures",
    ];
    let draw = |more: &[&str]| {
        eval(&folder, &[&asked[..], more].concat());
        files(&folder.path().join("figures"))
    };
    let has = |svg: &[u8], words: &[&str]| {
        let texts = texts(svg);
        assert!(words.iter().all(|word| texts.contains(&(*word).to_owned())), "{texts:?}");
        texts
    };
    let drawn = draw(&[]);
    assert_eq!(drawn.keys().collect::<Vec<_>>(), ["reliability.svg", "roc.svg"]);
    has(&drawn["roc.svg"], &["a1", "a2", "b1", "msp, uniform", "energy, uniform"]);
    let texts = has(&drawn["reliability.svg"], &["a1", "a2", "b1", "Images of this confidence"]);
    // Numbers of images: logarithms and 0.
    let counts = texts.iter().skip_while(|text| *text != "images").filter(|text| text.parse::<u64>().is_ok());
    assert_eq!(counts.take(5).collect::<Vec<_>>(), ["0", "1", "2", "5", "10"], "{texts:?}");
    // Of settings that are compared each has one name.
    let drawn = draw(&["--compare"]);
    let texts = has(&drawn["reliability.svg"], &["density=0.5, 2 seeds", "density=0.1"]);
    assert!(!texts.contains(&"a1".to_owned()), "{texts:?}");
}

#[test]
fn requests_that_make_no_sense_are_refused_before_any_work() {
    let folder = folder();
    train(&folder, "run", "1", "0.1");
    let before = files(folder.path());
    let refused = |args: &[&str], code: i32, words: &[&str]| {
        fails(rarefy(&folder).args(["eval", "run", "--quiet"]).args(args), code, words);
    };
    refused(&["--attack", "pgd", "--eps", "-0.1"], 2, &["eps must be from 0 to 1", "-0.1"]);
    refused(&["--attack", "pgd", "--eps", "1/0"], 2, &["eps"]);
    refused(&["--attack", "pdg"], 2, &["unknown attack `pdg`", "did you mean `pgd`"]);
    refused(&["--attack", "pgd", "--steps", "0"], 2, &["steps must be at least 1"]);
    refused(&["--ood", "unifrom"], 2, &["unknown set of images", "did you mean `uniform`"]);
    refused(&["--ood", "uniform", "--scores", "odn"], 2, &["unknown score `odn`", "did you mean `odin`"]);
    refused(&["--ood", "svhn", "--data-dir", "."], 3, &["test_32x32.mat", "there is no such file"]);
    refused(&["--ood", "imagefolder:absent"], 1, &["absent"]);
    refused(&["--corruptions=absent"], 1, &["labels.npy"]);
    refused(&["--plots", "run/recipe.toml"], 2, &["recipe.toml is no folder"]);
    for (args, needs) in [
        (&["--scores", "msp"][..], "--ood"),
        (&["--scores", "msp", "--attack", "fgsm"], "--ood"),
        (&["--eps", "0.1"], "--attack"),
        (&["--steps", "20"], "--attack pgd"),
        (&["--steps", "5", "--attack", "fgsm,noise"], "--attack pgd"),
        (&["--step-size", "0.1", "--attack", "fgsm"], "--attack pgd"),
        (&["--restarts", "1", "--attack", "fgsm"], "--attack pgd"),
        (&["--no-random-start", "--attack", "noise"], "--attack pgd"),
        (&["--restarts", "5", "--no-random-start", "--attack", "pgd"], "random starts"),
        (&["--transfer-from", "run"], "--attack fgsm or pgd"),
        (&["--transfer-from", "run", "--attack", "noise"], "--attack fgsm or pgd"),
        (&["--reference", "run"], "--corruptions"),
        (&["--samples", "5", "--temperature"], "--ood, --attack or --corruptions"),
        (&["--seed", "1"], "--ood, --attack or --corruptions"),
        (&["--allow-incomplete", "--attack", "fgsm"], "--ood or --corruptions=DIR"),
    ] {
        refused(args, 2, &[&format!("{} has no meaning without {needs}\n", args[0])]);
    }
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_network_that_overflows_is_a_numerical_failure() {
    let folder = folder();
    train(&folder, "run", "1", "0.1");
    let path = folder.path().join("run/best.ckpt");
    let mut checkpoint = Checkpoint::load(&path).unwrap();
    // Finite weights, as every checkpoint has, whose logits are not.
    let weight = checkpoint.store.views().len() - 2;
    checkpoint.store.slice_mut(weight, Column::Value).fill(f32::MAX);
    checkpoint.save(&path).unwrap();
    fails(rarefy(&folder).args(["eval", "run"]), 4, &["best.ckpt", "not a finite number"]);
}

#[test]
fn samples_limit_what_is_scored_attacked_and_corrupted_but_not_accuracy() {
    let folder = folder();
    train(&folder, "run", "1", "0.5");
    let asked = ["run", "--ood", "digits,uniform", "--scores", "msp", "--attack", "fgsm"];
    let counts = |more: &[&str]| {
        let report = eval(&folder, &[&asked[..], more].concat());
        let result = &report["results"][0];
        let count = |value: &Value| value["samples"].as_u64().unwrap();
        let ood: Vec<u64> = result["ood"].as_array().unwrap().iter().map(count).collect();
        (count(result), ood, count(&result["attacks"][0]), result["ood"][0]["auroc"].as_f64().unwrap())
    };
    assert_eq!(counts(&[]), (360, vec![360, 360], 360, 0.5), "a set is not told apart from itself");
    assert_eq!(counts(&["--samples", "50"]), (360, vec![50, 50], 50, 0.5), "the same first samples of both");
    assert_eq!(counts(&["--samples", "5000"]), counts(&[]));
}

#[test]
fn networks_of_other_classes_or_images_do_not_mix() {
    let folder = folder();
    train(&folder, "run", "1", "0.5");
    let digits = Extent { channels: 1, height: 8, width: 8 };
    for (name, extent, classes) in
        [("classes", digits, 11), ("extent", Extent { channels: 1, height: 16, width: 16 }, 10)]
    {
        let graph = models::build("cifar_resnet_8_2", extent, classes).unwrap();
        let patterns = draw_patterns(&graph, &Recipe::default()).unwrap().patterns;
        let store = rarefy::nn::params::ParamStore::new(&graph, patterns).unwrap();
        let path = folder.path().join(name);
        Checkpoint { meta: rarefy::formats::Meta::new(&graph), store, extras: Default::default() }
            .save(&path)
            .unwrap();
        let refused = |args: &[&str]| {
            let found = "the data set `digits` has 1x8x8 images of 10 classes";
            fails(rarefy(&folder).args(["eval", "run", "--data", "digits"]).args(args), 2, &[found]);
        };
        refused(&["--attack", "fgsm", "--transfer-from", name]);
        refused(&["--corruptions", "--reference", name]);
        refused(&[name, "--ensemble"]);
    }
}

#[test]
fn gradient_flow_is_logged_and_resumes_and_is_shown_before_training() {
    let folder = folder();
    let train = |out: &str, more: &[&str]| {
        let mut command = rarefy(&folder);
        command
            .args(["train", "--epochs", "2", "--quiet", "--out", out, "--log-gradient-flow=5"])
            .args(TINY)
            .args(more);
        command
    };
    train("run", &[]).assert().success();
    let text = std::fs::read_to_string(folder.path().join("run/gradient_flow.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps: Vec<u64> = lines.iter().map(|line| line["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [5, 10, 15, 20, 25, 30, 35, 40]);
    let layers = lines[0]["layers"].as_array().unwrap();
    let mean = layers.iter().map(|norm| norm.as_f64().unwrap()).sum::<f64>() / layers.len() as f64;
    assert!((mean - lines[0]["effective"].as_f64().unwrap()).abs() < 1e-12 && mean > 0.0);
    // The log changes no bit of the network.
    rarefy(&folder)
        .args(["train", "--epochs", "2", "--quiet", "--out", "plain"])
        .args(TINY)
        .assert()
        .success();
    let best = |run: &str| std::fs::read(folder.path().join(run).join("best.ckpt")).unwrap();
    assert!(best("run") == best("plain"));

    let drawn = || {
        let mut command = rarefy(&folder);
        command.args(["eval", "run", "plain", "--quiet", "--plots", "figures"]);
        command
    };
    drawn().assert().success();
    let figure = texts(&std::fs::read(folder.path().join("figures/gradient-flow.svg")).unwrap());
    let is = |text: &str| figure.iter().any(|other| other == text);
    assert!(is("run") && !is("plain"), "one of them logged it: {figure:?}");
    assert!(is("20") && is("40") && !is("20.0"), "steps are whole: {figure:?}");
    std::fs::write(folder.path().join("run/gradient_flow.jsonl"), format!("{}\n{{", text.trim_end()))
        .unwrap();
    let output = drawn().assert().code(3).get_output().stderr.clone();
    assert!(String::from_utf8(output).unwrap().contains("gradient_flow.jsonl, line 9"));

    let shown = rarefy(&folder)
        .args([
            "gradient-flow",
            "--model",
            "cifar_resnet_8_4",
            "--sparse-init",
            "erk,uniform",
            "--density",
            "0.1,1",
        ])
        .args(["--batches", "2", "--json"])
        .assert()
        .success();
    let report: Value = serde_json::from_slice(&shown.get_output().stdout).unwrap();
    // An epoch has 20 batches: more of them are those of the next one.
    let effective = |batches: &str| -> Value {
        let shown = rarefy(&folder)
            .args(["gradient-flow", "--model", "cifar_resnet_8_4", "--json", "--batches", batches])
            .assert()
            .success();
        let report: Value = serde_json::from_slice(&shown.get_output().stdout).unwrap();
        report["networks"][0]["effective"].clone()
    };
    assert_ne!(effective("20"), effective("21"));
    let networks = report["networks"].as_array().unwrap();
    assert_eq!(networks.len(), 4);
    assert_eq!(networks[1]["effective"], networks[3]["effective"], "dense is dense");
    assert_ne!(networks[0]["effective"], networks[2]["effective"]);
}

#[test]
fn a_study_trains_what_is_missing_and_evaluates_all() {
    let folder = folder();
    let study = "seeds = [1, 2]\neval = [\"--compare\"]\n[base]\ndata = \"digits\"\nmodel = \"cifar_resnet_8_4\"\nepochs = 1\n\
                 [[networks]]\nname = \"dense\"\ndensity = 1.0\n[[networks]]\nname = \"sparse\"\ndensity = 0.1\n";
    std::fs::write(folder.path().join("study.toml"), study).unwrap();
    let run = || {
        let mut command = rarefy(&folder);
        command.args(["study", "study.toml", "--out", "runs", "--quiet", "--threads", "1", "--json"]);
        command.args(["--plots", "figures"]);
        command
    };
    let report = |output: assert_cmd::assert::Assert| -> Value {
        serde_json::from_slice(&output.success().get_output().stdout).unwrap()
    };
    let first = report(run().assert());
    assert_eq!(first["results"].as_array().unwrap().len(), 4);
    assert_eq!(first["comparison"]["settings"].as_array().unwrap().len(), 2);
    assert!(folder.path().join("figures/reliability.svg").exists());
    let trained = files(&folder.path().join("runs"));
    assert_eq!(report(run().assert()), first, "again, without training");
    assert_eq!(files(&folder.path().join("runs")), trained);
    std::fs::write(
        folder.path().join("study.toml"),
        study.replace("[\"--compare\"]", "[\"--ood\", \"svhn\"]"),
    )
    .unwrap();
    let mut early = rarefy(&folder);
    early.args(["study", "study.toml", "--out", "later", "--data-dir", "."]);
    fails(&mut early, 3, &["study.toml", "test_32x32.mat"]);
    std::fs::write(
        folder.path().join("study.toml"),
        study.replace("density = 0.1", "density = 0.1\nlr = -1.0"),
    )
    .unwrap();
    fails(rarefy(&folder).args(["study", "study.toml", "--out", "later"]), 2, &["sparse", "lr"]);
    assert!(!folder.path().join("later").exists(), "nothing is trained for an evaluation that must fail");
    std::fs::write(folder.path().join("study.toml"), study.replace("--compare", "--compair")).unwrap();
    fails(&mut run(), 2, &["study.toml: eval: unexpected argument '--compair'"]);
    std::fs::write(folder.path().join("study.toml"), study.replace("name = \"sparse\"\n", "")).unwrap();
    fails(&mut run(), 2, &["needs a `name`"]);
}
