//! From a trained network to a pruned one that is trained on.

mod common;

use common::{TINY, fails, folder, rarefy};

#[test]
fn a_network_is_trained_pruned_evaluated_and_fine_tuned() {
    let folder = folder();
    let train = |args: &[&str]| {
        rarefy(&folder)
            .arg("train")
            .args(TINY)
            .args(["--epochs", "1", "--quiet"])
            .args(args)
            .assert()
            .success();
    };
    train(&["--density", "0.5", "--out", "a"]);
    let output = rarefy(&folder)
        .args(["prune", "a", "--density", "0.1", "--scope", "layer", "--out", "p.ckpt", "--json"])
        .assert()
        .success();
    let report: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert!((report["density"].as_f64().unwrap() - 0.1).abs() < 1e-3, "{report}");
    assert_eq!(report["layers"].as_array().unwrap().len(), 10);
    rarefy(&folder).args(["eval", "p.ckpt", "--data", "digits"]).assert().success();
    train(&["--mask-from", "p.ckpt", "--weights-from", "p.ckpt", "--out", "b"]);
    train(&["--mask-from", "a", "--shuffle-mask", "--reinit", "--out", "c"]);
    // The run's own recipe leads to the same run.
    train(&["--recipe", "b/recipe.toml", "--out", "d"]);
    let last = |run: &str| std::fs::read(folder.path().join(run).join("last.ckpt")).unwrap();
    assert!(last("b") == last("d"));
    fails(rarefy(&folder).args(["train", "--resume=p.ckpt"]), 3, &["cannot be resumed"]);
}

#[test]
fn requests_that_make_no_sense_say_so_and_write_nothing() {
    let folder = folder();
    let train = ["train", "--epochs", "1", "--quiet", "--model", "cifar_resnet_8_4"];
    rarefy(&folder).args(train).args(["--out", "a"]).assert().success();
    let prune = |args: &[&str]| {
        let mut command = rarefy(&folder);
        command.arg("prune").args(args);
        command
    };
    fails(&mut prune(&["a", "--density", "0.5", "--out", "p.ckpt"]), 2, &["`density` must be below"]);
    fails(&mut prune(&["a", "--density", "0", "--out", "p.ckpt"]), 2, &["density"]);
    fails(&mut prune(&["a", "--density", "0.05", "--scope", "layers", "--out", "p.ckpt"]), 2, &["layer"]);
    fails(&mut prune(&["a", "--density", "0.05", "--out", "a/best.ckpt"]), 2, &["overwritten"]);
    fails(&mut prune(&["none", "--density", "0.05", "--out", "p.ckpt"]), 2, &["none"]);
    assert!(!folder.path().join("p.ckpt").exists());
    for (args, code, text) in [
        (&["--shuffle-mask"][..], 2, "`shuffle_mask`"),
        (&["--reinit"], 2, "`reinit`"),
        (&["--mask-from", "a", "--reinit", "--weights-from", "a"], 2, "`reinit`"),
        (&["--match", "parms"], 2, "params"),
        (&["--match", "params", "--mask-from", "a"], 2, "`match`"),
        (&["--mask-from", "none"], 2, "none"),
        (&["--mask-from", "a", "--model", "cifar_resnet_8"], 3, "cifar_resnet_8_4"),
    ] {
        let mut command = rarefy(&folder);
        command.args(train).args(args).args(["--out", "b"]);
        fails(&mut command, code, &[text]);
    }
    assert!(!folder.path().join("b").exists());
}

#[test]
fn a_matched_dense_network_is_trained_as_if_it_had_been_asked_for() {
    let folder = folder();
    let train = |args: &[&str]| {
        rarefy(&folder).args(["train", "--epochs", "1", "--threads", "1"]).args(args).assert().success()
    };
    let output =
        train(&["--model", "cifar_resnet_8", "--density", "0.05", "--match", "params", "--out", "a"]);
    let text = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    let model = text.split("match: ").nth(1).and_then(|rest| rest.split(',').next()).unwrap().to_owned();
    assert!(model.starts_with("cifar_resnet_8_"), "{text}");
    train(&["--model", &model, "--density", "1", "--out", "b"]);
    let last = |run: &str| std::fs::read(folder.path().join(run).join("last.ckpt")).unwrap();
    assert!(last("a") == last("b"));
}
