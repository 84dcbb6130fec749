//! Memory and threads that the machine does not have: a message and exit code 1, nothing else. Linux tells how
//! much there is.
#![cfg(target_os = "linux")]

mod common;

use common::{TINY, fails, files, folder, rarefy};
use rarefy::core::{Block, Extent, Pattern};
use rarefy::formats::{Meta, checkpoint};
use rarefy::nn::models;
use rarefy::nn::params::ParamStore;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Runs the program with an address space of `kilobytes`.
fn limited(folder: &TempDir, kilobytes: u32, args: &[&str]) -> Output {
    let script = format!("ulimit -v {kilobytes}; exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh"]).arg(assert_cmd::cargo::cargo_bin("rarefy")).args(args);
    command.current_dir(folder).output().unwrap()
}

#[test]
fn any_command_in_any_address_space_succeeds_or_says_that_there_is_not_enough() {
    let folder = folder();
    rarefy(&folder).arg("train").args(TINY).args(["-q", "-e", "1", "--out", "run"]).assert().success();
    let before = files(folder.path());
    let commands: [&[&str]; 5] = [
        &["train", "-q", "-e", "1", "--threads", "4", "--out", "limited"],
        &["eval", "run", "--threads", "2", "-q"],
        &["inspect", "-m", "vgg16", "--density", "0.9"],
        &["prune", "run", "-d", "0.05", "--out", "pruned.ckpt"],
        &["bench", "step", "-m", "vgg16", "--density", "0.5", "--steps", "1", "--warmup", "0", "-b", "16"],
    ];
    let (mut refused, mut done) = (0, 0);
    for args in commands {
        // The least is what a program needs to begin at all.
        for kilobytes in [24_000, 30_000, 36_000, 60_000, 250_000, 4_000_000] {
            let output = limited(&folder, kilobytes, args);
            let text = String::from_utf8(output.stderr).unwrap();
            match output.status.code() {
                Some(0) => done += 1,
                Some(1) => {
                    refused += 1;
                    assert_eq!(text.matches("error: ").count(), 1, "{kilobytes} kB, {args:?}: {text}");
                    let reasons = ["not enough memory", "could not start"];
                    assert!(reasons.iter().any(|reason| text.contains(reason)), "{text}");
                }
                code => panic!("{code:?} with {kilobytes} kB, {args:?}: {text}"),
            }
            let _ = std::fs::remove_dir_all(folder.path().join("limited"));
            let _ = std::fs::remove_file(folder.path().join("pruned.ckpt"));
            assert_eq!(files(folder.path()), before, "{kilobytes} kB, {args:?}");
        }
    }
    assert!(refused > 3 && done > 10, "{refused} refused, {done} done");
}

#[test]
fn batches_that_no_machine_holds_are_refused_before_they_are_made() {
    let folder = folder();
    let words = ["not enough memory", "1000000 samples", "are free", "--batch-size"];
    fails(rarefy(&folder).args(["bench", "step", "-b", "1000000"]), 1, &words);
    // The images of such a step alone are too many, in groups of any size.
    let step = ["bench", "step", "-b", "1000000", "--norm-batch", "128", "--input", "3x512x512"];
    fails(rarefy(&folder).args(step), 1, &words);
    let image = ["bench", "step", "-b", "1", "--input", "3x65536x65536"];
    fails(rarefy(&folder).args(image), 1, &["not enough memory", "not even the smallest batch", "--model"]);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn networks_that_no_machine_holds_are_refused_before_they_are_drawn() {
    let folder = folder();
    let giant = ["-m", "cifar_resnet_1994_1024"];
    let words = ["not enough memory", "the parameters of the network"];
    fails(rarefy(&folder).arg("train").args(giant).args(["--out", "run"]), 1, &words);
    fails(rarefy(&folder).arg("inspect").args(giant), 1, &words);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn threads_beyond_what_the_cores_can_use_are_not_started() {
    let folder = folder();
    let output = rarefy(&folder)
        .args(["train", "-m", "cifar_resnet_8_4", "-q", "-e", "1", "-t", "4096"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && text.contains("4096 threads"), "{text}");
    fails(rarefy(&folder).args(["train", "-t", "4097"]), 2, &["threads", "4096"]);
}

/// A sound checkpoint of a network for images of one channel and `side` x `side` pixels.
fn claims(path: &Path, side: usize) {
    let input = Extent { channels: 1, height: side, width: side };
    let graph = models::build("cifar_resnet_8_4", input, 10).unwrap();
    let weights = graph.prunable().filter_map(|parameter| graph.node(parameter.node).op.weight());
    let patterns = weights.map(|shape| Pattern::full(shape, Block::UNSTRUCTURED).unwrap()).collect();
    let store = ParamStore::new(&graph, patterns).unwrap();
    checkpoint::save(path, &Meta::new(&graph), &store).unwrap();
}

#[test]
fn images_that_a_checkpoint_claims_are_compared_with_the_data_before_memory_is_taken_for_them() {
    let folder = folder();
    for side in [4096, 40_000] {
        claims(&folder.path().join("huge.ckpt"), side);
        let size = format!("1x{side}x{side} images");
        fails(rarefy(&folder).args(["eval", "huge.ckpt", "--data", "digits"]), 2, &[&size, "1x8x8 images"]);
        rarefy(&folder)
            .args(["export", "huge.ckpt", "--dense", "--out", "dense.safetensors"])
            .assert()
            .success();
    }
}
