//! Signals: whatever a command is at, one ends it soon, and nothing that a run has done is lost.
#![cfg(target_os = "linux")]

mod common;

use common::{TINY, files, folder, rarefy, same_run};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Starts the program, and waits until it takes signals.
fn start(folder: &TempDir, args: &[&str]) -> Child {
    let program = assert_cmd::cargo::cargo_bin("rarefy");
    heard(Command::new(program).current_dir(folder).args(args).stdout(Stdio::null()).stderr(Stdio::piped()))
}

/// Starts `command` and waits until it has the thread that takes signals.
fn heard(command: &mut Command) -> Child {
    let child = command.spawn().unwrap();
    let tasks = format!("/proc/{}/task", child.id());
    until(|| {
        let tasks = std::fs::read_dir(&tasks).into_iter().flatten().flatten();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        names.into_iter().any(|name| name.trim() == "rarefy-signals")
    });
    child
}

/// Waits until something is so.
fn until(is_so: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < limit, "it never comes");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn kill(child: &Child, signal: &str) {
    let kill = format!("kill -{signal} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// Waits for the end: exit code and standard error.
fn ended(child: Child) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

const SIGNALS: [(&str, i32); 3] = [("HUP", 129), ("INT", 130), ("TERM", 143)];

#[test]
fn what_has_nothing_to_save_ends_at_once_whatever_it_is_at() {
    let folder = folder();
    rarefy(&folder).arg("train").args(TINY).args(["-q", "-e", "1", "--out", "run"]).assert().success();
    let before = files(folder.path());
    // None of them would end by itself while anybody waits.
    let commands: [&[&str]; 4] = [
        &["train", "--sparse-init", "synflow", "--saliency-rounds", "100000", "-m", "cifar_resnet_20"],
        &["bench", "step", "--steps", "1000000"],
        &["bench", "layer", "--steps", "1000000"],
        &["eval", "run", "--attack", "pgd", "--steps", "1000000"],
    ];
    for (args, (signal, code)) in commands.into_iter().zip(SIGNALS.into_iter().cycle()) {
        let child = start(&folder, args);
        kill(&child, signal);
        let (ended, text) = ended(child);
        assert_eq!(ended, Some(code), "{args:?}: {text}");
        assert_eq!(files(folder.path()), before, "{args:?}");
    }
}

#[test]
fn a_step_under_way_is_given_up_and_the_position_before_it_kept() {
    let folder = folder();
    // The first step takes seconds, with the optimization of tests and of releases.
    let args = ["train", "-m", "cifar_resnet_20_64", "-d", "1", "-b", "1257", "-t", "1", "--out", "run"];
    let child = start(&folder, &args);
    until(|| folder.path().join("run/recipe.toml").exists());
    std::thread::sleep(Duration::from_millis(100));
    kill(&child, "TERM");
    let (code, text) = ended(child);
    assert_eq!(code, Some(143), "{text}");
    assert!(text.contains("interrupted after step 0"), "{text}");
    let names: Vec<String> = files(&folder.path().join("run")).into_keys().collect();
    assert_eq!(names, ["last.ckpt", "recipe.toml"]);
}

/// One sample a step: as many steps as samples.
const SMALL: &[&str] = &["--batch-size", "1", "--epochs", "2", "--lr", "0.001"];
const STEPS: u64 = 1257;

fn whole(folder: &TempDir) {
    rarefy(folder).arg("train").args(TINY).args(SMALL).args(["-q", "--out", "whole"]).assert().success();
}

#[test]
fn a_hangup_saves_and_stops_a_run() {
    let folder = folder();
    whole(&folder);
    let child = start(&folder, &[&["train", "--out", "run"], TINY, SMALL].concat());
    until(|| folder.path().join("run/recipe.toml").exists());
    kill(&child, "HUP");
    let (code, text) = ended(child);
    assert_eq!(code, Some(129), "{text}");
    assert!(text.contains("rarefy train --resume=run"), "{text}");
    rarefy(&folder).args(["train", "--resume=run", "-q"]).assert().success();
    same_run(&folder.path().join("whole"), &folder.path().join("run"));
}

#[test]
fn a_hangup_that_was_to_be_ignored_is_ignored() {
    let folder = folder();
    whole(&folder);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(assert_cmd::cargo::cargo_bin("rarefy"));
    command.args(["train", "-q", "--out", "run"]).args(TINY).args(SMALL).current_dir(&folder);
    let child = heard(command.stderr(Stdio::piped()));
    until(|| folder.path().join("run/recipe.toml").exists());
    kill(&child, "HUP");
    let (code, text) = ended(child);
    assert_eq!(code, Some(0), "{text}");
    same_run(&folder.path().join("whole"), &folder.path().join("run"));
}

#[test]
fn a_run_that_is_asked_to_saves_within_the_epoch_and_goes_on_to_the_same_bits() {
    let folder = folder();
    whole(&folder);
    let run = folder.path().join("run");
    let child = start(&folder, &[&["train", "--out", "run"], TINY, SMALL].concat());
    until(|| run.join("recipe.toml").exists());
    kill(&child, "USR1");
    until(|| run.join("last.ckpt").exists());
    let early = step(&run);
    let (code, text) = ended(child);
    assert_eq!(code, Some(0), "{text}");
    assert!((1..STEPS).contains(&early), "kept after step {early}");
    assert!(text.contains(&format!("saved after step {early}\n")), "{text}");
    same_run(&folder.path().join("whole"), &run);
}

fn step(run: &Path) -> u64 {
    rarefy::formats::checkpoint::inspect(&run.join("last.ckpt")).unwrap().meta.step
}

/// Runs `script`, whose `"$@"` is the program, to its end: exit code, standard error.
fn script(folder: &TempDir, script: &str, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(assert_cmd::cargo::cargo_bin("rarefy")).args(args);
    ended(command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
}

#[test]
fn files_beyond_the_largest_size_are_errors_and_leave_nothing_behind() {
    let folder = folder();
    rarefy(&folder).arg("train").args(TINY).args(["-q", "-e", "1", "--out", "run"]).assert().success();
    let before = files(folder.path());
    // Units of 512 or 1024 bytes, whichever the shell takes.
    for args in [
        &["train", "-q", "-e", "1", "-d", "1", "--out", "limited"][..],
        &["prune", "run", "-d", "0.09", "--out", "pruned.ckpt"],
        &["export", "run", "--dense", "--out", "dense.safetensors"],
    ] {
        let (code, text) = script(&folder, "ulimit -f 3; exec \"$@\"", args);
        assert_eq!(code, Some(1), "{args:?}: {text}");
        assert!(text.starts_with("error: cannot write") && text.contains("too large"), "{args:?}: {text}");
        let mut left = files(folder.path());
        // What a run keeps before its first checkpoint.
        left.remove("limited/recipe.toml");
        left.remove("limited/metrics.jsonl");
        assert_eq!(left.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "{args:?}");
        assert!(left == before, "{args:?}");
    }
    let json = "ulimit -f 1; exec \"$@\" > report.json";
    let (code, text) = script(&folder, json, &["inspect", "-m", "cifar_resnet_56", "--json"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("cannot write to standard output"), "{text}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = folder();
    let closed = "(\"$@\"; echo $? > code) | true; exit $(cat code)";
    let (code, text) = script(&folder, closed, &["inspect", "-m", "cifar_resnet_110", "--json"]);
    assert_eq!((code, text.as_str()), (Some(0), ""));
    let nobody = "\"$@\" 2>&1 | true";
    assert_eq!(script(&folder, nobody, &[&["train", "-e", "1", "--out", "run"], TINY].concat()).0, Some(0));
    until(|| folder.path().join("run/summary.json").exists());
}

#[test]
fn a_second_signal_ends_a_run_that_saves() {
    let folder = folder();
    let child = start(&folder, &[&["train", "--out", "run"], TINY, SMALL].concat());
    until(|| folder.path().join("run/recipe.toml").exists());
    kill(&child, "INT");
    kill(&child, "TERM");
    let (code, text) = ended(child);
    assert!([Some(130), Some(143)].contains(&code), "{code:?}: {text}");
    let left = files(&folder.path().join("run"));
    assert!(left.keys().all(|name| !name.ends_with(".rarefy-tmp")), "{:?}", left.keys());
}
