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
        (&["--weights-from", "a", "--rewind-epoch", "1"], 2, "`rewind_epoch`"),
        (&["--weights-from", "a", "--rewind-epoch", "0", "--method", "rigl"], 2, "method = \"static\""),
        (&["--mask-from", "a", "--method", "gmp"], 2, "density schedule"),
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

#[test]
fn iterative_magnitude_pruning_goes_on_where_it_was_and_refuses_other_requests() {
    let folder = folder();
    let imp = |args: &[&str]| {
        let mut command = rarefy(&folder);
        command
            .arg("imp")
            .args(TINY)
            .args(["--epochs", "2", "--density", "0.25", "--rewind-epoch", "1"])
            .args(args);
        command
    };
    let out = ["--rounds", "2", "--out", "i", "--json", "--quiet"];
    let rounds = |output: &[u8]| -> Vec<serde_json::Value> { serde_json::from_slice(output).unwrap() };
    let first = imp(&out).assert().success();
    let found = rounds(&first.get_output().stdout);
    let text = String::from_utf8(first.get_output().stdout.clone()).unwrap();
    assert_eq!(text.matches("\"density\"").count(), 3, "one a round: {text}");
    let densities: Vec<f64> = found.iter().map(|round| round["density"].as_f64().unwrap()).collect();
    assert_eq!(densities.len(), 3, "{found:?}");
    for (found, expected) in densities.iter().zip([1.0, 0.5, 0.25]) {
        assert!((found - expected).abs() < 1e-3, "{densities:?}");
    }
    // Every round is a run; the networks of all can be evaluated.
    rarefy(&folder).args(["eval", "i/round-1", "i/round-2"]).assert().success();
    assert_eq!(rounds(&imp(&out).assert().success().get_output().stdout), found, "nothing is left to do");
    fails(&mut imp(&["--rounds", "3", "--out", "i"]), 2, &["rounds"]);
    fails(&mut imp(&["--rounds", "2", "--out", "i", "--lr", "0.5"]), 2, &["lr"]);
    fails(&mut imp(&["--rounds", "2"]), 2, &["--out is missing"]);
    fails(&mut imp(&["--rounds", "2", "--out", "j", "--method", "rigl"]), 2, &["`method`", "static"]);
    fails(&mut imp(&["--rounds", "2", "--out", "j", "--scaled=layer"]), 2, &["`scaled`"]);
    assert!(!folder.path().join("j").exists());
}
