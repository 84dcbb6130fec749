//! Killed, interrupted or left alone, on one thread or two: the same recipe comes to the same bits.
#![cfg(unix)]

mod common;

use common::{TINY, fails, files, folder, rarefy, same_run};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// At a constant rate the best epoch is not simply the last.
const EPOCHS: &[&str] = &["--epochs", "8", "--lr-schedule", "constant", "--quiet"];

/// Trains to the end.
fn train(folder: &TempDir, args: &[&str]) {
    rarefy(folder).arg("train").args(TINY).args(EPOCHS).args(args).assert().success();
}

/// Starts to train.
fn start(folder: &TempDir, args: &[&str]) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin("rarefy"))
        .current_dir(folder)
        .arg("train")
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until `path` exists.
fn appears(path: &Path) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !path.exists() {
        assert!(Instant::now() < limit, "{} never appears", path.display());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_killed_run_resumes_to_the_same_bits() {
    let folder = folder();
    train(&folder, &["--out", "whole"]);
    let run = folder.path().join("killed");
    let fresh = [TINY, EPOCHS, &["--checkpoint-every", "3", "--out", "killed"]].concat();
    let resume = ["--resume=killed", "--quiet"];
    // Each process lives a little longer than the one before, so that death comes at all kinds of moments: while
    // training, validating, writing.
    let mut killed = 0;
    for life in (0..).map(|attempt| Duration::from_millis(3 + 7 * attempt)) {
        let mut child = start(&folder, if run.exists() { &resume } else { &fresh });
        appears(&run.join("recipe.toml"));
        std::thread::sleep(life);
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
    }
    assert!(killed >= 2, "only {killed} processes were killed");
    rarefy(&folder).arg("train").args(resume).assert().success();
    same_run(&folder.path().join("whole"), &run);
    let names: Vec<String> = files(&run).into_keys().collect();
    assert_eq!(names, ["best.ckpt", "last.ckpt", "metrics.jsonl", "recipe.toml", "summary.json"]);
}

#[test]
fn signals_save_and_tell_how_to_go_on() {
    let folder = folder();
    train(&folder, &["--out", "whole"]);
    // Before the first steps, and after an epoch.
    for (signal, code, sign) in [("INT", 130, "recipe.toml"), ("TERM", 143, "last.ckpt")] {
        let run = folder.path().join(signal);
        let child = start(&folder, &[TINY, EPOCHS, &["--out", signal]].concat());
        appears(&run.join(sign));
        let kill = format!("kill -{signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains(&format!("rarefy train --resume={signal}")), "{text}");
        assert!(run.join("last.ckpt").exists() && !run.join("summary.json").exists());
        // In place of PATH, --out names the run.
        rarefy(&folder).args(["train", "--resume", "--quiet", "--out", signal]).assert().success();
        same_run(&folder.path().join("whole"), &run);
    }
}

#[test]
fn threads_change_no_bit() {
    let folder = folder();
    train(&folder, &["--out", "one"]);
    rarefy(&folder)
        .args(["train", "--out", "two", "--model", "cifar_resnet_8_4", "--threads", "2"])
        .args(EPOCHS)
        .assert()
        .success();
    same_run(&folder.path().join("one"), &folder.path().join("two"));
}

#[test]
fn a_run_can_be_run_again_from_its_recipe() {
    let folder = folder();
    train(&folder, &["--out", "a", "--density", "0.2", "--seed", "5"]);
    rarefy(&folder).args(["train", "--recipe", "a/recipe.toml", "--quiet", "--out", "b"]).assert().success();
    same_run(&folder.path().join("a"), &folder.path().join("b"));
    // Seeds that were not given follow the seed.
    train(&folder, &["--recipe", "a/recipe.toml", "--seed", "6", "--out", "c"]);
    let read = |run: &str| std::fs::read(folder.path().join(run).join("last.ckpt")).unwrap();
    assert!(read("a") != read("c"));
}

#[test]
fn a_finished_run_is_left_alone() {
    let folder = folder();
    train(&folder, &["--out", "run"]);
    let before = files(folder.path());
    let output = rarefy(&folder).args(["train", "--resume=run", "--json", "--quiet"]).assert().success();
    let summary: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(summary["out"], "run");
    assert!(summary["test_acc"].as_f64().unwrap() > 0.1);
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_checkpoint_that_cannot_be_trusted_is_refused_and_untouched() {
    let folder = folder();
    train(&folder, &["--epochs", "1", "--out", "run"]);
    train(&folder, &["--epochs", "1", "--out", "other", "--model", "cifar_resnet_14_4"]);
    train(&folder, &["--epochs", "1", "--out", "seed", "--mask-seed", "9"]);
    let last = folder.path().join("run/last.ckpt");
    let sound = std::fs::read(&last).unwrap();
    let refused = |bytes: &[u8], words: &[&str]| {
        std::fs::write(&last, bytes).unwrap();
        let before = files(folder.path());
        fails(rarefy(&folder).args(["train", "--resume=run"]), 3, words);
        assert_eq!(files(folder.path()), before);
    };
    for part in 0..8 {
        refused(&sound[..sound.len() * part / 8], &["last.ckpt"]);
    }
    refused(&sound[..sound.len() - 1], &["last.ckpt"]);
    for part in 0..8 {
        let mut flipped = sound.clone();
        flipped[sound.len() * part / 8 + 5] ^= 1 << part;
        refused(&flipped, &["last.ckpt"]);
    }
    let read = |run: &str| std::fs::read(folder.path().join(run).join("last.ckpt")).unwrap();
    refused(&read("other"), &["last.ckpt", "`cifar_resnet_8_4`", "`cifar_resnet_14_4`"]);
    refused(&read("seed"), &["last.ckpt", "another run", "mask_seed", "9"]);
    std::fs::write(&last, &sound).unwrap();
    fails(rarefy(&folder).args(["train", "--resume=run", "--lr", "0.5"]), 3, &["another run", "lr", "0.5"]);
    fails(
        rarefy(&folder).args(["train", "--resume=run", "--model", "cifar_resnet_14_4"]),
        3,
        &["`cifar_resnet_14_4`"],
    );
}

#[test]
fn there_must_be_a_run_to_resume() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    fails(rarefy(&folder).args(["train", "--resume"]), 2, &["which run", "--resume=runs/NAME"]);
    fails(rarefy(&folder).args(["train", "--resume=empty"]), 2, &["empty", "no run"]);
    fails(rarefy(&folder).args(["train", "--resume=nowhere"]), 2, &["nowhere", "no run"]);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_run_stopped_before_its_first_checkpoint_starts_over() {
    let folder = folder();
    train(&folder, &["--out", "whole"]);
    let run = folder.path().join("early");
    std::fs::create_dir(&run).unwrap();
    std::fs::copy(folder.path().join("whole/recipe.toml"), run.join("recipe.toml")).unwrap();
    fails(rarefy(&folder).args(["train", "--resume=early", "--seed", "3"]), 2, &["early", "mask_seed"]);
    rarefy(&folder).args(["train", "--resume=early", "--quiet"]).assert().success();
    same_run(&folder.path().join("whole"), &run);
}

#[test]
fn a_checkpoint_without_its_recipe_still_knows_its_run() {
    let folder = folder();
    train(&folder, &["--out", "whole"]);
    let run = folder.path().join("bare");
    std::fs::create_dir(&run).unwrap();
    for file in ["last.ckpt", "best.ckpt"] {
        std::fs::copy(folder.path().join("whole").join(file), run.join(file)).unwrap();
    }
    rarefy(&folder).args(["train", "--resume=bare/last.ckpt", "--quiet"]).assert().success();
    let read = |run: &str| std::fs::read(folder.path().join(run).join("last.ckpt")).unwrap();
    assert!(read("whole") == read("bare"));
    assert!(run.join("recipe.toml").exists() && run.join("summary.json").exists());
}

#[test]
fn a_missing_or_damaged_best_checkpoint_is_found_out_before_training_goes_on() {
    let folder = folder();
    train(&folder, &["--out", "run"]);
    let best: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("run/summary.json")).unwrap()).unwrap();
    assert!(best["best_epoch"].as_u64().unwrap() < 8, "the last epoch is the best: choose another recipe");
    let path = folder.path().join("run/best.ckpt");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    fails(rarefy(&folder).args(["train", "--resume=run"]), 3, &["best.ckpt", "checksum"]);
    std::fs::remove_file(&path).unwrap();
    fails(rarefy(&folder).args(["train", "--resume=run"]), 1, &["best.ckpt"]);
}

#[test]
fn a_damaged_last_checkpoint_can_be_made_good_from_the_best() {
    let folder = folder();
    train(&folder, &["--out", "whole"]);
    train(&folder, &["--out", "run"]);
    let run = folder.path().join("run");
    std::fs::write(run.join("last.ckpt"), "garbage").unwrap();
    std::fs::remove_file(run.join("summary.json")).unwrap();
    fails(rarefy(&folder).args(["train", "--resume=run"]), 3, &["last.ckpt", "--resume=RUN/best.ckpt"]);
    rarefy(&folder).args(["train", "--resume=run/best.ckpt", "--quiet"]).assert().success();
    same_run(&folder.path().join("whole"), &run);
}
