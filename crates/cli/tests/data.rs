//! `rarefy data`, and what other commands say of data that are missing or bad.

mod common;

use common::{fails, files, folder, rarefy};
use serde_json::Value;
use std::path::Path;

/// What a command that succeeds prints.
fn printed(command: &mut assert_cmd::Command) -> Value {
    let output = command.assert().success().get_output().stdout.clone();
    serde_json::from_slice(&output).unwrap()
}

/// CIFAR-100 files of the official size whose images are black and of class 0.
fn write_cifar100(dir: &Path) {
    std::fs::create_dir_all(dir.join("cifar-100-binary")).unwrap();
    for (name, images) in [("train.bin", 50_000), ("test.bin", 10_000)] {
        std::fs::write(dir.join("cifar-100-binary").join(name), vec![0; images * 3074]).unwrap();
    }
}

#[test]
fn list_tells_what_is_here() {
    let folder = folder();
    write_cifar100(folder.path());
    let listing = printed(rarefy(&folder).args(["data", "list", "--json", "--data-dir", "."]));
    assert_eq!(listing["data_dir"], ".");
    let sets = listing["data_sets"].as_array().unwrap();
    let status = |name| sets.iter().find(|set| set["name"] == name).unwrap()["status"].as_str().unwrap();
    let names = ["digits", "cifar10", "cifar100", "fashion-mnist", "mnist"];
    assert_eq!(names.map(status), ["embedded", "missing", "present", "missing", "missing"]);
    assert_eq!(sets.len(), names.len());
    let text = rarefy(&folder).args(["data", "list"]).env("RAREFY_DATA", ".").assert().success();
    let text = String::from_utf8(text.get_output().stdout.clone()).unwrap();
    assert!(names.iter().all(|name| text.contains(name)), "{text}");
    assert!(text.contains("cifar-100-binary"), "{text}");
}

#[test]
fn verify_reads_every_file_and_names_the_bad_one_and_its_byte() {
    let folder = folder();
    write_cifar100(folder.path());
    let verify = || {
        let mut command = rarefy(&folder);
        command.args(["data", "verify", "cifar100", "--json"]).env("RAREFY_DATA", folder.path());
        command
    };
    let report = printed(&mut verify());
    assert_eq!(report["ok"], true);
    assert_eq!(report["files"].as_array().unwrap().len(), 2);

    let test = folder.path().join("cifar-100-binary/test.bin");
    let whole = std::fs::read(&test).unwrap();
    let mut flipped = whole.clone();
    flipped[3074 * 7 + 1] ^= 128;
    for (content, word) in [
        (whole[..100].to_vec(), "test.bin, byte 100: the file ends here"),
        ([whole.clone(), vec![0]].concat(), "test.bin, byte 30740000: the file should end here"),
        (flipped, "test.bin, byte 21519: the label is 128, expected 0 to 99"),
    ] {
        std::fs::write(&test, content).unwrap();
        let output = verify().assert().code(3).get_output().clone();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.starts_with("error: ") && message.contains(word), "{message}");
        assert!(message.contains("`rarefy data fetch cifar100` replaces it"), "{message}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&report["ok"], &report["files"][0]["ok"]), (&false.into(), &true.into()));
        assert!(report["files"][1]["problem"].as_str().unwrap().contains(word));
        let train = ["train", "--data", "cifar100", "--data-dir", ".", "--epochs", "1"];
        fails(rarefy(&folder).args(train), 3, &[word]);
    }
}

#[test]
fn a_file_that_is_not_the_published_one_is_refused_by_its_checksum() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("mnist")).unwrap();
    // Official headers over black images of class 0: nothing but the checksum tells.
    for (name, images) in [("train", 60_000u32), ("t10k", 10_000)] {
        let count = images.to_be_bytes();
        let head = [&[0, 0, 8, 3][..], &count, &[0, 0, 0, 28, 0, 0, 0, 28]].concat();
        let path = folder.path().join("mnist").join(format!("{name}-images-idx3-ubyte"));
        std::fs::write(path, [head, vec![0; images as usize * 784]].concat()).unwrap();
        let labels = [&[0, 0, 8, 1][..], &count, &vec![0; images as usize]].concat();
        std::fs::write(folder.path().join("mnist").join(format!("{name}-labels-idx1-ubyte")), labels)
            .unwrap();
    }
    let words = ["train-images-idx3-ubyte: the checksum is", "6bbc9ace898e44ae57da46a324031adb", "damaged"];
    let train = ["train", "--data", "mnist", "--data-dir", ".", "--out", "run"];
    fails(rarefy(&folder).args(train), 3, &words);
    assert!(!folder.path().join("run").exists());
}

#[test]
fn missing_data_say_how_to_get_them_and_nothing_is_written() {
    let folder = folder();
    for arguments in [
        &["data", "verify", "mnist", "--data-dir", "here"][..],
        &["train", "--data", "mnist", "--data-dir", "here"],
    ] {
        fails(rarefy(&folder).args(arguments), 3, &["`rarefy data fetch mnist`", "--data-dir", "here"]);
    }
    for command in ["fetch", "verify"] {
        fails(rarefy(&folder).args(["data", command, "cifar"]), 2, &["unknown data set", "`cifar10`"]);
    }
    assert_eq!(files(folder.path()).len(), 0);
}

#[test]
fn what_is_part_of_the_program_needs_no_fetching() {
    let folder = folder();
    let data = |what| rarefy(&folder).args(["data", what, "digits", "--json", "--data-dir", "here"]).assert();
    data("fetch").success();
    data("verify").success();
    assert_eq!(files(folder.path()).len(), 0);
}

#[test]
fn a_data_directory_that_cannot_be_made_is_the_systems_refusal() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "mine").unwrap();
    fails(
        rarefy(&folder).args(["data", "fetch", "cifar10", "--data-dir", "file"]),
        1,
        &["cannot create", "file"],
    );
    assert_eq!(files(folder.path())["file"], b"mine");
}

#[test]
fn all_images_are_trained_on_where_none_are_held_out() {
    let folder = folder();
    write_cifar100(folder.path());
    let train = [
        "train",
        "--data",
        "cifar100",
        "--data-dir",
        ".",
        "--valid_split",
        "0",
        "--model",
        "cifar_resnet_8_2",
    ];
    let short = [
        "--density",
        "0.1",
        "--epochs",
        "1",
        "--lr-schedule",
        "constant",
        "--batch-size",
        "5000",
        "--out",
        "run",
        "--json",
        "--quiet",
    ];
    let summary = printed(rarefy(&folder).args(train).args(short));
    assert_eq!((&summary["val_acc"], &summary["best_epoch"]), (&Value::Null, &1.into()));
    // Every image is black and of class 0.
    assert_eq!(summary["test_acc"], summary["test_acc_last"]);
    assert_eq!(
        summary["train_flops"].as_f64().unwrap(),
        50_000.0 * 6.0 * summary["macs_sparse"].as_f64().unwrap()
    );
    let recipe = std::fs::read_to_string(folder.path().join("run/recipe.toml")).unwrap();
    assert!(recipe.contains("valid_split = 0.0"), "{recipe}");
    // The split belongs to the run: it is not resumed under another one.
    let other = ["train", "--resume", "run", "--valid-split", "0.1"];
    fails(rarefy(&folder).args(other), 2, &["its valid_split is 0.0"]);
    // Without a validation split there is nothing to fit a temperature to.
    let eval = |flags: &[&str], words: &[&str]| {
        fails(rarefy(&folder).args(["eval", "run"]).args(flags), 2, words);
    };
    eval(&["--temperature"], &["`cifar100` has no validation split", "hint: ", "--valid-split"]);
    eval(&["--split", "validation"], &["the validation split of the data set `cifar100` has no samples"]);
}

#[test]
fn options_that_a_data_set_does_not_have_are_refused() {
    let folder = folder();
    write_cifar100(folder.path());
    for (data, option, word) in [
        ("digits", ["--valid-split", "0"], "valid_split"),
        ("digits", ["--split-seed", "3"], "split_seed"),
        ("digits", ["--normalization", "published"], "normalization"),
        ("digits", ["--pad-to-32=true", "--quiet"], "pad_to_32"),
        ("cifar100", ["--normalization", "published"], "normalization"),
        ("cifar100", ["--pad-to-32", "--quiet"], "pad_to_32"),
        ("cifar100", ["--valid-split", "1"], "valid_split"),
        ("cifar100", ["--valid-split", "-0.1"], "valid_split"),
        ("cifar100", ["--normalization", "publish"], "did you mean `published`"),
    ] {
        let train = ["train", "--data", data, "--data-dir", ".", "--out", "run"];
        fails(rarefy(&folder).args(train).args(option), 2, &[word]);
    }
    assert!(!folder.path().join("run").exists());
}

#[test]
fn a_network_is_inspected_without_the_data() {
    let folder = folder();
    let inspect = ["inspect", "--data", "cifar100", "--model", "cifar_resnet_8", "--json"];
    let report = printed(rarefy(&folder).args(inspect).env("RAREFY_DATA", folder.path()));
    let layers = report["layers"].as_array().unwrap();
    assert_eq!(layers.last().unwrap()["shape"][0], 100);
}
