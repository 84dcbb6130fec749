//! The published CIFAR command line: every flag of it is accepted, accepted with a warning, or refused with what to do.

mod common;

use common::{fails, files, folder, rarefy};
use std::path::Path;

/// A published command line short enough for a test.
const LINE: &[&str] = &["--model", "cifar_resnet_8_4", "--data", "digits", "--epoch", "2", "--quiet"];
const SPARSE: &[&str] = &["--sparse", "--sparse_init", "ERK", "--fix", "--density", "0.2"];

/// What a flag does.
enum Does {
    /// Sets this line of the recipe.
    Sets(&'static str),
    /// Works and leaves no line in the recipe.
    Works,
    /// Nothing, and says why in one warning.
    Warns(&'static str),
    /// Is refused with these words.
    Refused(&'static [&'static str]),
}
use Does::{Refused, Sets, Warns, Works};

/// Every flag of the published CIFAR code with a value, in its spelling, beside `LINE` and `SPARSE`.
const FLAGS: &[(&[&str], Does)] = &[
    (&["--batch-size", "100"], Sets("batch_size = 100")),
    (&["--test-batch-size", "50"], Sets("test_batch_size = 50")),
    (&["--multiplier", "2"], Sets("multiplier = 2")),
    (&["--epochs", "3"], Sets("epochs = 3")),
    (&["--epoch", "3"], Sets("epochs = 3")),
    (&["--epoch", "1"], Warns("it trains at rate 0.001")),
    (&["--lr", "0.05"], Sets("lr = 0.05")),
    (&["--momentum", "0.8"], Sets("momentum = 0.8")),
    (&["--no-cuda"], Warns("--no-cuda has no effect: rarefy computes on the CPU")),
    (&["--seed", "17"], Sets("seed = 17")),
    (&["--log-interval", "10"], Warns("--log-interval has no effect")),
    (&["--optimizer", "adam"], Sets("optimizer = \"adam\"")),
    (&["--optimizer", "sgd"], Sets("optimizer = \"sgd\"")),
    (&["--decay_frequency", "25000"], Warns("--decay-frequency has no effect")),
    (&["--l1", "0"], Works),
    (&["--l1", "1e-4"], Refused(&["--l1", "not built yet", "--l2"])),
    (&["--fp16"], Warns("--fp16 has no effect")),
    (&["--start-epoch", "1"], Warns("--start-epoch has no effect: a checkpoint knows its epoch")),
    (&["--model", "CIFAR_ResNet_8_8"], Sets("model = \"cifar_resnet_8_8\"")),
    (&["--l2", "1e-3"], Sets("weight_decay = 0.001")),
    (&["--iters", "1"], Works),
    (&["--iters", "3"], Refused(&["--iters", "not built yet", "--seed"])),
    (&["--save-features"], Refused(&["--save-features", "not built yet"])),
    (&["--bench"], Warns("--bench has no effect: `rarefy bench step`")),
    (&["--max-threads", "10"], Warns("--max-threads has no effect")),
    (&["--scaled"], Sets("scaled = \"layer\"")),
    (&["--scaled=neuron"], Sets("scaled = \"neuron\"")),
    (&["--scaled=globl"], Refused(&["--scaled", "layer, neuron"])),
    (&["--sparse_init", "uniform"], Sets("sparse_init = \"uniform\"")),
    (&["--sparse_init", "ER"], Sets("sparse_init = \"er\"")),
    (&["--sparse_init", "ERK"], Sets("sparse_init = \"erk\"")),
    (&["--sparse_init", "erkk"], Refused(&["unknown sparse init", "`erk`"])),
    (&["--growth", "random_unfired"], Warns("--growth has no effect: with --fix")),
    (&["--growth", "momentum-neuron"], Warns("--growth has no effect")),
    (&["--growth", "gradients"], Refused(&["--growth", "did you mean `gradient`?"])),
    (&["--death", "Taylor_FO"], Warns("--death has no effect")),
    (&["--death", "set"], Warns("--death has no effect")),
    (&["--death", "magnitud"], Refused(&["--death", "`magnitude`", "threshold"])),
    (&["--redistribution", "none"], Warns("--redistribution has no effect")),
    (&["--redistribution", "evenly"], Refused(&["redistribution", "magnitude", "count"])),
    (&["--death-rate", "0.5"], Warns("--death-rate has no effect")),
    (&["--density", "0.3"], Sets("density = 0.3")),
    (&["--update_frequency", "100"], Warns("--update-frequency has no effect")),
    (&["--decay-schedule", "cosine"], Warns("--decay-schedule has no effect")),
    (&["--decay-schedule", "linea"], Refused(&["--decay-schedule", "`linear`"])),
];

fn recipe(run: &Path) -> String {
    std::fs::read_to_string(run.join("recipe.toml")).unwrap()
}

fn train(args: &[&[&str]]) -> (tempfile::TempDir, String) {
    let folder = folder();
    let mut command = rarefy(&folder);
    command.args(["train", "--save", "run", "--threads", "1"]).args(args.concat());
    let output = command.assert().success().get_output().clone();
    (folder, String::from_utf8(output.stderr).unwrap())
}

fn has_line(recipe: &str, line: &str) -> bool {
    recipe.lines().any(|found| found == line)
}

#[test]
fn every_published_flag_is_accepted_warned_of_or_refused() {
    for (flag, does) in FLAGS {
        if let Refused(words) = does {
            let folder = folder();
            let args = [LINE, SPARSE, flag].concat();
            fails(rarefy(&folder).arg("train").args(&args), 2, words);
            assert!(files(folder.path()).is_empty(), "{flag:?} wrote something");
            continue;
        }
        let (folder, text) = train(&[LINE, SPARSE, flag]);
        let recipe = recipe(&folder.path().join("run"));
        match does {
            Sets(line) => assert!(has_line(&recipe, line), "{flag:?}: {recipe}"),
            Warns(words) => {
                assert!(text.starts_with("warning: ") && text.contains(words), "{flag:?}: {text}")
            }
            _ => {}
        }
        assert_eq!(text.lines().count(), usize::from(matches!(does, Warns(_))), "{flag:?}: {text}");
        // What was not asked for stays as published.
        for line in ["lr_schedule = \"multistep\"", "nesterov = true", "method = \"static\""] {
            assert!(has_line(&recipe, line), "{flag:?}: {recipe}");
        }
    }
}

#[test]
fn the_published_defaults_are_those_of_the_published_code() {
    let (folder, text) = train(&[LINE, &["--sparse", "--fix"]]);
    let recipe = recipe(&folder.path().join("run"));
    for line in [
        "density = 0.05",
        "sparse_init = \"erk\"",
        "batch_size = 128",
        "lr = 0.1",
        "lr_schedule = \"multistep\"",
        "momentum = 0.9",
        "nesterov = true",
        "weight_decay = 0.0005",
    ] {
        assert!(has_line(&recipe, line), "{line}: {recipe}");
    }
    assert_eq!(text, "");
}

#[test]
fn the_published_line_trains_dense_without_sparse() {
    let (folder, text) =
        train(&[LINE, &["--density", "0.05", "--sparse_init", "snip", "--growth", "random"]]);
    assert!(has_line(&recipe(&folder.path().join("run")), "density = 1.0"));
    for flag in ["--density", "--sparse-init", "--growth"] {
        assert!(text.contains(&format!("warning: {flag} has no effect: ")), "{text}");
    }
    assert_eq!(text.matches("trains dense without --sparse").count(), 3, "{text}");
}

#[test]
fn without_fix_the_pattern_moves_as_in_the_published_code() {
    let flags = ["--growth", "gradient", "--death", "SET", "--death-rate", "0.4", "--update_frequency", "5"];
    let more = ["--decay-schedule", "linear", "--redistribution", "nonzeros"];
    let (folder, text) = train(&[LINE, &["--sparse"], &flags, &more]);
    assert_eq!(text, "");
    let recipe = recipe(&folder.path().join("run"));
    for line in [
        "method = \"itop\"",
        "grow = \"gradient\"",
        "drop = \"set\"",
        "drop_fraction = 0.4",
        "drop_schedule = \"linear\"",
        "update_every = 5",
        "redistribution = \"count\"",
    ] {
        assert!(has_line(&recipe, line), "{line}: {recipe}");
    }
    let (other, _) = train(&[LINE, &["--sparse"]]);
    assert!(has_line(&self::recipe(&other.path().join("run")), "method = \"itop\""));
    let folder = self::folder();
    fails(rarefy(&folder).args(["train", "--fix", "--method", "rigl"]), 2, &["--fix", "--method"]);
    fails(
        rarefy(&folder).args(["train", "--drop-fraction", "0.3"]),
        2,
        &["drop_fraction", "a method that moves"],
    );
    fails(rarefy(&folder).args(["train", "--method", "rigel"]), 2, &["`rigl`"]);
    fails(
        rarefy(&folder).args(["train", "--method", "rigl", "--drop-fraction", "1.5"]),
        2,
        &["drop_fraction"],
    );
    fails(rarefy(&folder).args(["train", "--method", "rigl", "--drop-schedule", "cosin"]), 2, &["`cosine`"]);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn published_inits_are_known_by_their_spelling() {
    for (init, name) in [("ERK_plus", "erk_plus"), ("uniform_plus", "uniform_plus")] {
        let (folder, _) =
            train(&[LINE, SPARSE, &["--sparse_init", init, "--density", "0.3", "--fc_density", "0.9"]]);
        let recipe = recipe(&folder.path().join("run"));
        assert!(has_line(&recipe, &format!("sparse_init = \"{name}\"")), "{recipe}");
        assert!(has_line(&recipe, "fc_density = 0.9"), "{recipe}");
    }
}

#[test]
fn the_published_line_names_its_data() {
    let folder = folder();
    let args = ["train", "--model", "cifar_resnet_8_4", "--sparse", "--fix"];
    fails(rarefy(&folder).args(args), 2, &["--data"]);
}

#[test]
fn without_model_the_flags_keep_rarefys_own_defaults() {
    let (folder, text) = train(&[&["--fix", "--sparse", "--epoch", "1", "--quiet"]]);
    let recipe = recipe(&folder.path().join("run"));
    assert!(has_line(&recipe, "density = 0.1") && has_line(&recipe, "batch_size = 64"), "{recipe}");
    assert_eq!(text, "");
}

#[test]
fn resume_takes_a_path_after_a_space() {
    let (folder, _) = train(&[LINE, SPARSE]);
    let resume = |args: &[&str]| {
        let mut command = rarefy(&folder);
        command.args(["train", "--resume"]).args(args).args([LINE, SPARSE].concat());
        command
    };
    resume(&["run"]).assert().success();
    resume(&["run/last.ckpt"]).assert().success();
    // The run says what it is: flags may only repeat it.
    fails(&mut resume(&["run", "--lr", "0.2"]), 2, &["another run", "lr"]);
}
