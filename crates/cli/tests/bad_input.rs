//! Whatever is wrong with a request: its own message and exit code, nothing written, no panic.

mod common;

use common::{TINY, fails, files, folder, rarefy};

/// `rarefy train` with `args` fails as said and leaves its folder empty.
fn refused(args: &[&str], code: i32, words: &[&str]) {
    let folder = folder();
    fails(rarefy(&folder).arg("train").args(args), code, words);
    assert_eq!(files(folder.path()).len(), 0, "{args:?} wrote something");
}

#[test]
fn unknown_names_suggest_the_nearest_right_one() {
    refused(&["--model", "cifar_resnet_21"], 2, &["unknown model", "`cifar_resnet_20`"]);
    refused(&["--model", "resnet"], 2, &["unknown model", "cifar_resnet_DEPTH"]);
    refused(&["--sparse-init", "erkk"], 2, &["unknown sparse init", "`erk`"]);
    refused(&["--data", "digit"], 2, &["unknown data set", "`digits`"]);
    refused(&["--method", "statik"], 2, &["unknown method", "`static`"]);
    refused(&["--optimizer", "sdg"], 2, &["unknown optimizer", "`sgd`"]);
    refused(&["--lr-schedule", "cosin"], 2, &["unknown learning-rate schedule", "`cosine`"]);
    refused(&["--desnity", "0.1"], 2, &["--desnity", "--density"]);
}

#[test]
fn no_number_but_one_above_0_and_at_most_1_is_a_density() {
    for density in ["0", "-1", "1.5", "NaN", "inf", "-inf", "-0.0", "ten"] {
        refused(&["--density", density], 2, &["density must be a number"]);
        refused(&[&format!("--density={density}")], 2, &["density must be a number"]);
    }
}

#[test]
fn a_density_that_leaves_a_layer_empty_names_the_feasible_range() {
    refused(&["--density", "1e-5"], 2, &["density 0.00001", "feasible range"]);
}

#[test]
fn a_density_that_an_init_cannot_give_names_the_layer_and_the_range() {
    let inspect = |args: &[&str], words: &[&str]| {
        fails(rarefy(&folder()).args(["inspect", "--model", "cifar_resnet_20"]).args(args), 2, words);
    };
    let erk_plus = ["--sparse-init", "erk_plus", "--classes", "100", "--density", "0.02"];
    inspect(&erk_plus, &["`erk_plus`", "`fc.weight`", "feasible range is 0.0233 to 1"]);
    let uniform_plus = ["--sparse-init", "uniform_plus", "--density", "0.001"];
    inspect(&uniform_plus, &["`uniform_plus`", "`conv.weight`", "feasible range is 0.00215 to 1"]);
    let thin = ["--sparse-init", "balanced", "--density", "0.00005"];
    inspect(&thin, &["one weight in each of 22 layers", "feasible range is"]);
    let kept = ["--keep-dense", "last,layer4|blocks.8", "--density", "0.2"];
    inspect(&kept, &["--keep-dense takes", "feasible range is", "--budget pruned"]);
    refused(
        &["--sparse-init", "erk_plus", "--density", "0.005", "--model", "cifar_resnet_8"],
        2,
        &["feasible range"],
    );
}

#[test]
fn lists_of_dense_layers_and_tables_of_densities_are_checked() {
    refused(&["--keep-dense", "frist"], 2, &["`frist`", "no layer", "`first`"]);
    refused(&["--keep-dense", "first,,"], 2, &["an empty part"]);
    refused(&["--keep-dense", "blocks.("], 2, &["regular expression"]);
    refused(&["--sparse-init", "file:nowhere.toml"], 1, &["nowhere.toml"]);
    refused(&["--sparse-init", "file"], 2, &["layer_densities"]);
    let folder = folder();
    let inspect = |table: &str, words: &[&str]| {
        std::fs::write(folder.path().join("table.toml"), table).unwrap();
        let args = ["inspect", "--model", "cifar_resnet_8", "--sparse-init", "file:table.toml"];
        fails(rarefy(&folder).args(args), 2, words);
    };
    inspect("\"*\" = 0.1\n\"conv.wieght\" = 1", &["`conv.wieght`", "`conv.weight`"]);
    inspect("\"conv.weight\" = 1", &["has none for layer", "`*`"]);
    inspect("\"*\" = 1.5", &["density 1.5"]);
    inspect("\"*\" = \"much\"", &["table.toml", "from layer name to density"]);
}

#[test]
fn numbers_out_of_range_name_their_key() {
    for (flag, value, word) in [
        ("--epochs", "0", "epochs"),
        ("--epochs", "-3", "epochs"),
        ("--batch-size", "0", "batch_size"),
        ("--lr", "-0.1", "lr"),
        ("--lr", "NaN", "lr"),
        ("--lr", "inf", "lr"),
        ("--momentum", "1", "momentum"),
        ("--weight-decay", "-1", "weight_decay"),
        ("--warmup", "40", "warmup"),
        ("--threads", "0", "threads"),
        ("--checkpoint-every", "0", "checkpoint_every"),
        ("--milestones", "1,2", "milestones"),
        ("--erk-power", "NaN", "erk_power"),
        ("--fc-density", "0", "density must be a number"),
        ("--saliency-rounds", "0", "saliency_rounds"),
        ("--samples-per-class", "0", "samples_per_class"),
        ("--budget", "all", "unknown budget"),
        ("--mask-sampling", "exakt", "`exact`"),
        ("--pattern", "block:3", "block:RxC"),
        ("--seed", "-1", "seed"),
        ("--seed", "18446744073709551615", "seed"),
    ] {
        refused(&[flag, value], 2, &[word]);
    }
}

#[test]
fn an_unwritable_output_folder_fails_before_training() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "mine").unwrap();
    let before = files(folder.path());
    fails(rarefy(&folder).args(["train", "--out", "file/run"]), 1, &["file/run", "--out"]);
    fails(rarefy(&folder).args(["train", "--out", "file"]), 1, &["file", "--out"]);
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_broken_recipe_is_refused_with_its_key() {
    let folder = folder();
    for (text, code, words) in [
        ("epocs = 3", 2, &["r.toml", "`epocs`", "`epochs`"][..]),
        ("epochs = 0", 2, &["r.toml", "`epochs`"]),
        ("epochs = \"three\"", 2, &["r.toml", "epochs"]),
        ("density = nan", 2, &["r.toml", "density"]),
        ("epochs", 2, &["r.toml"]),
    ] {
        std::fs::write(folder.path().join("r.toml"), text).unwrap();
        fails(rarefy(&folder).args(["train", "--recipe", "r.toml"]), code, words);
    }
    std::fs::remove_file(folder.path().join("r.toml")).unwrap();
    fails(rarefy(&folder).args(["train", "--recipe", "r.toml"]), 1, &["r.toml"]);
    assert_eq!(files(folder.path()).len(), 0);
}

#[test]
fn a_folder_that_holds_a_run_is_never_overwritten() {
    let folder = folder();
    let train = || {
        let mut command = rarefy(&folder);
        command.args(["train", "--epochs", "1", "--quiet", "--out", "run"]).args(TINY);
        command
    };
    train().assert().success();
    let before = files(folder.path());
    fails(&mut train(), 2, &["already holds a run", "--resume=run", "--out"]);
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_diverging_run_stops_with_step_and_place_and_keeps_its_checkpoints() {
    let folder = folder();
    let text = fails(
        rarefy(&folder)
            .args(["train", "--lr", "1e30", "--epochs", "2", "--quiet", "--out", "run"])
            .args(TINY),
        4,
        &["step ", "epoch 1", "is not a finite number", "--lr"],
    );
    assert!(text.contains(" of ") || text.contains("loss"), "{text}");
    assert_eq!(files(folder.path()).into_keys().collect::<Vec<_>>(), ["run/recipe.toml"]);
}

#[test]
fn inspect_and_bench_refuse_what_train_refuses() {
    let folder = folder();
    for command in [&["inspect"][..], &["bench", "step"]] {
        for (args, words) in [
            (["--model", "cifar_resnet_21"], &["unknown model", "`cifar_resnet_20`"][..]),
            (["--sparse-init", "erkk"], &["unknown sparse init", "`erk`"]),
            (["--data", "digit"], &["unknown data set", "`digits`"]),
            (["--density", "NaN"], &["density must be a number"]),
            (["--density", "1e-9"], &["feasible range"]),
            (["--input", "3x32"], &["CHANNELSxHEIGHTxWIDTH"]),
            (["--input", "0x32x32"], &["CHANNELSxHEIGHTxWIDTH"]),
            (["--classes", "0"], &["--classes"]),
        ] {
            fails(rarefy(&folder).args(command).args(args), 2, words);
        }
    }
    fails(rarefy(&folder).args(["bench", "step", "--steps", "0"]), 2, &["--steps"]);
}

#[test]
fn files_that_are_no_text_have_the_exit_code_of_their_kind_and_their_line() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let train = ["train", "-q", "--epochs", "1", "--log-gradient-flow", "--model", "cifar_resnet_8_4"];
    rarefy(&folder).args(train).args(["--out", "run"]).assert().success();
    std::fs::remove_file(at("run/summary.json")).unwrap();
    for (file, code, command) in [
        ("r.toml", 2, &["train", "--recipe", "r.toml"][..]),
        ("study.toml", 2, &["study", "study.toml", "--out", "new"]),
        ("table.toml", 2, &["inspect", "--sparse-init", "file:table.toml"]),
        ("table.json", 2, &["inspect", "--sparse-init", "file:table.json"]),
        ("run/recipe.toml", 2, &["train", "--resume=run"]),
        ("run/metrics.jsonl", 3, &["train", "--resume=run"]),
        ("run/gradient_flow.jsonl", 3, &["train", "--resume=run"]),
        ("run/last.ckpt", 3, &["train", "--resume=run"]),
    ] {
        let whole = std::fs::read(at(file)).unwrap_or_default();
        std::fs::write(at(file), [&b"\n"[..], b"epochs = 3 # f\xfcr alle\n"].concat()).unwrap();
        let words = [file, if file.ends_with("ckpt") { "checkpoint" } else { "UTF-8" }];
        let text = fails(rarefy(&folder).args(command), code, &words);
        assert!(file.ends_with("ckpt") || text.contains("line 2"), "{text}");
        std::fs::write(at(file), whole).unwrap();
    }
}

#[test]
fn wrong_words_are_answered_with_the_right_ones() {
    let folder = folder();
    for (args, words) in [
        (&["-e", "1e9"][..], &["--epochs must be a whole number", "found `1e9`"][..]),
        (&["-s", "-1"], &["--seed must be a whole number, 0 or above; found `-1`"]),
        (&["--lr", "fast"], &["--lr must be a number; found `fast`"]),
        (&["--sparsity", "0.95"], &["sparsity 0.95 is --density 0.05"]),
        (&["-m", "wideresnet50_2"], &["networks for ImageNet are not built yet"]),
        (&["-m", "cifar_resnet_20_2000"], &["WIDTH from 1 to 1024"]),
        (&["--sparse-init", "ekr"], &["did you mean `erk`?"]),
        (&["--method", "snip"], &["`snip` is a sparse init: --sparse-init snip"]),
        (&["--sparse-init", "rigl"], &["`rigl` is a training method: --method rigl"]),
        (&["--milestones", "5,10"], &["`milestones`", "only with lr_schedule multistep"]),
        (&["--drop", "magnitude"], &["`drop`", "only with a method that moves the pattern"]),
        (&["--sparse-init", "file:none.toml"], &["cannot read none.toml"]),
        (&["--saliency-mask"], &["`saliency_mask`", "a saliency as sparse_init"]),
        (&["--optimizer", "adam", "--momentum", "0.5"], &["`momentum`", "only with optimizer sgd"]),
    ] {
        let code = if words[0].starts_with("cannot read") { 1 } else { 2 };
        fails(rarefy(&folder).arg("train").args(args), code, words);
    }
    assert!(files(folder.path()).is_empty(), "nothing is left");
}
