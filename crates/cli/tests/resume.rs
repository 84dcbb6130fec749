//! Killed, interrupted or left alone, on one thread or two: the same recipe comes to the same bits.
#![cfg(unix)]

mod common;

use common::{TINY, fails, files, folder, rarefy, same_run, timeless_metrics};
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
    let text = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(text.contains("the run in run is finished"), "{text}");
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
}

#[test]
fn settings_that_are_not_those_of_the_run_are_refused_as_a_request() {
    let folder = folder();
    train(&folder, &["--epochs", "1", "--out", "run"]);
    let before = files(folder.path());
    for (flags, words) in [
        (&["--lr", "0.5"][..], &["another run", "lr", "0.5"][..]),
        (&["--model", "cifar_resnet_14_4"], &["model", "cifar_resnet_8_4", "cifar_resnet_14_4"]),
        (&["--mask-seed", "9"], &["mask_seed", "9"]),
        (&["--sparse-init", "er"], &["sparse_init", "er"]),
        (&["--method", "rigl"], &["method", "rigl"]),
        (&["--mask-from", "elsewhere"], &["mask_from", "elsewhere"]),
    ] {
        fails(rarefy(&folder).args(["train", "--resume=run"]).args(flags), 2, words);
    }
    assert_eq!(files(folder.path()), before);
    // Other spellings of the same, and what decides no bit, are no other settings.
    let same = ["--sparse-init", "ERK", "--model", "cifar-resnet-8-4", "--threads", "2", "-q"];
    rarefy(&folder).args(["train", "--resume=run"]).args(same).assert().success();
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

/// Trains to the end at a constant rate and gives the best epoch, which is not the last.
fn trained_past_its_best(folder: &TempDir, out: &str) -> u64 {
    train(folder, &["--out", out]);
    let summary = std::fs::read(folder.path().join(out).join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    let best = summary["best_epoch"].as_u64().unwrap();
    assert!(best < 8, "the last epoch is the best: choose another recipe");
    best
}

#[test]
fn a_lost_best_checkpoint_is_found_out_before_training_goes_on_and_can_be_forgotten() {
    let folder = folder();
    trained_past_its_best(&folder, "run");
    let path = folder.path().join("run/best.ckpt");
    std::fs::remove_file(folder.path().join("run/summary.json")).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let resume = || {
        let mut command = rarefy(&folder);
        command.args(["train", "--resume=run", "-q"]);
        command
    };
    let before = files(folder.path());
    fails(&mut resume(), 3, &["best.ckpt", "checksum", "--forget-best"]);
    assert_eq!(files(folder.path()), before);
    std::fs::copy(folder.path().join("run/last.ckpt"), &path).unwrap();
    fails(&mut resume(), 3, &["best.ckpt", "it holds epoch 8", "--forget-best"]);
    std::fs::remove_file(&path).unwrap();
    fails(&mut resume(), 3, &["best.ckpt", "missing", "--forget-best"]);
    // The last epoch is then the best there is: it was the last of all.
    let output = resume().args(["--forget-best", "--json"]).assert().success();
    let summary: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(summary["best_epoch"], 8);
    assert_eq!(summary["test_acc"], summary["test_acc_last"]);
    let read = |file: &str| std::fs::read(folder.path().join("run").join(file)).unwrap();
    assert!(read("best.ckpt") == read("last.ckpt"));
}

#[test]
fn a_lost_best_checkpoint_is_written_again_from_a_last_one_of_the_same_epoch() {
    let folder = folder();
    let best = trained_past_its_best(&folder, "whole");
    for damage in [None, Some("garbage")] {
        let name = damage.unwrap_or("missing");
        let run = folder.path().join(name);
        std::fs::create_dir(&run).unwrap();
        for file in ["recipe.toml", "metrics.jsonl"] {
            std::fs::copy(folder.path().join("whole").join(file), run.join(file)).unwrap();
        }
        // As it is when the run dies right after its best epoch.
        std::fs::copy(folder.path().join("whole/best.ckpt"), run.join("last.ckpt")).unwrap();
        if let Some(damage) = damage {
            std::fs::write(run.join("best.ckpt"), damage).unwrap();
        }
        rarefy(&folder).args(["train", "-q", &format!("--resume={name}")]).assert().success();
        same_run(&folder.path().join("whole"), &run);
    }
    assert!(best < 8);
}

#[test]
fn a_damaged_last_checkpoint_can_be_made_good_from_the_best() {
    let folder = folder();
    let best = trained_past_its_best(&folder, "whole");
    train(&folder, &["--out", "run"]);
    let run = folder.path().join("run");
    std::fs::write(run.join("last.ckpt"), "garbage").unwrap();
    std::fs::remove_file(run.join("summary.json")).unwrap();
    let hint = format!("--resume=run/best.ckpt goes on after epoch {best}");
    fails(rarefy(&folder).args(["train", "--resume=run"]), 3, &["last.ckpt", &hint]);
    rarefy(&folder).args(["train", "--resume=run/best.ckpt", "--quiet"]).assert().success();
    same_run(&folder.path().join("whole"), &run);
    // Without a best one there is nothing to go on from.
    for file in ["last.ckpt", "best.ckpt"] {
        std::fs::write(run.join(file), "garbage").unwrap();
    }
    fails(rarefy(&folder).args(["train", "--resume=run"]), 3, &["last.ckpt", "no other sound checkpoint"]);
}

#[test]
fn a_run_whose_last_checkpoint_is_missing_is_not_started_over() {
    let folder = folder();
    let best = trained_past_its_best(&folder, "run");
    let run = folder.path().join("run");
    std::fs::remove_file(run.join("last.ckpt")).unwrap();
    let hint = format!("--resume=run/best.ckpt goes on after epoch {best}");
    for _ in 0..2 {
        let before = files(folder.path());
        fails(rarefy(&folder).args(["train", "--resume=run"]), 3, &["cannot read run/last.ckpt", &hint]);
        assert_eq!(files(folder.path()), before);
        // Neither is one that has recorded several epochs and is not finished.
        let _ = std::fs::remove_file(run.join("summary.json"));
    }
    rarefy(&folder).args(["train", "--resume=run/best.ckpt", "-q"]).assert().success();
}

#[test]
fn a_run_that_goes_on_from_its_best_checkpoint_may_be_killed_at_once() {
    let folder = folder();
    trained_past_its_best(&folder, "whole");
    train(&folder, &["--out", "run"]);
    let run = folder.path().join("run");
    let mut child = start(&folder, &["--resume=run/best.ckpt", "--quiet"]);
    // It stands where the best epoch ended before anything of later epochs is forgotten.
    while run.join("summary.json").exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    rarefy(&folder).args(["train", "--resume=run", "--quiet"]).assert().success();
    same_run(&folder.path().join("whole"), &run);
}

#[test]
fn only_commands_that_go_on_with_a_run_tell_how_to_go_on_with_it() {
    let folder = folder();
    train(&folder, &["--epochs", "1", "--out", "run"]);
    for file in ["last.ckpt", "best.ckpt"] {
        std::fs::write(folder.path().join("run").join(file), "garbage").unwrap();
    }
    for command in [
        &["eval", "run"][..],
        &["export", "run", "--dense", "--out", "f"],
        &["prune", "run/last.ckpt", "--density", "0.01", "--out", "f"],
        &["train", "--mask-from", "run", "--model", "cifar_resnet_8_4", "--out", "new"],
    ] {
        let text = fails(rarefy(&folder).args(command), 3, &[".ckpt"]);
        assert!(!text.contains("resume") && !text.contains("last.ckpt is damaged"), "{text}");
    }
}

#[test]
fn a_run_that_started_from_another_goes_on_from_any_folder_without_it() {
    let folder = folder();
    train(&folder, &["--epochs", "1", "--out", "source"]);
    for out in ["whole", "run"] {
        train(&folder, &["--mask-from", "source", "--weights-from", "source/best.ckpt", "--out", out]);
    }
    std::fs::remove_dir_all(folder.path().join("source")).unwrap();
    let below = folder.path().join("whole");
    rarefy(&folder).current_dir(&below).args(["train", "-q", "--resume=../run/best.ckpt"]).assert().success();
    same_run(&below, &folder.path().join("run"));
}

#[test]
fn rounds_of_pruning_go_on_from_any_folder() {
    let folder = folder();
    let imp = |below: &str, out: &str| {
        let mut command = rarefy(&folder);
        command.current_dir(folder.path().join(below)).arg("imp").args(TINY);
        command.args(["--rounds", "1", "--epochs", "1", "--density", "0.5", "-q", "--out", out]);
        command.assert().success();
    };
    imp(".", "rounds");
    let last = folder.path().join("rounds/round-1/last.ckpt");
    let before = std::fs::read(&last).unwrap();
    std::fs::remove_file(folder.path().join("rounds/round-1/summary.json")).unwrap();
    imp("rounds", "../rounds");
    assert!(before == std::fs::read(&last).unwrap());
}

#[test]
fn a_finished_run_is_trained_longer_and_says_what_the_rate_does() {
    let folder = folder();
    let said = |args: &[&str]| {
        let output = rarefy(&folder).arg("train").args(args).assert().success();
        String::from_utf8(output.get_output().stderr.clone()).unwrap()
    };
    for (method, pattern) in [("static", None), ("rigl", Some("the pattern moves until step 100 of 160"))] {
        said(&[TINY, &["--epochs", "4", "-q", "--method", method, "--out", method]].concat());
        let text = said(&["--resume", method]);
        assert!(text.contains("is finished: its 4 epochs are done") && text.contains("--epochs 8"), "{text}");
        fails(
            rarefy(&folder).args(["train", "--resume", method, "--epochs", "3"]),
            2,
            &["cannot be shortened to 3"],
        );
        // Half a cosine over 4 epochs ends an epoch before 0, one over 8 is halfway down there.
        let text = said(&["--resume", method, "--epochs", "8"]);
        let line = "rate 0.0146 at the end of epoch 4; goes on at 0.05 as cosine over 8 epochs has it";
        assert!(text.contains(line), "{text}");
        assert_eq!(pattern.is_some_and(|pattern| text.contains(pattern)), pattern.is_some(), "{text}");
        let run = folder.path().join(method);
        assert_eq!(timeless_metrics(&run).len(), 8);
        let recipe = std::fs::read_to_string(run.join("recipe.toml")).unwrap();
        assert!(recipe.contains("epochs = 8\n") && recipe.contains("extended_from = [4]"), "{recipe}");
        let text = said(&["--resume", method]);
        assert!(text.contains("its 8 epochs are done"), "{text}");
        // The recipe leads to the same network.
        said(&["-q", "--recipe", &format!("{method}/recipe.toml"), "--out", &format!("{method}-again")]);
        let last = |run: &str| std::fs::read(folder.path().join(run).join("last.ckpt")).unwrap();
        assert!(last(method) == last(&format!("{method}-again")), "{method}");
    }
}
