//! Sealed checkpoints and records that no run leaves: refused with what is wrong, before anything on disk changes.

mod common;

use common::Stopper;
use rarefy_core::Density;
use rarefy_formats::{Checkpoint, Extra};
use rarefy_train::{
    Fault, Recipe, Requests, ResumePoint, Resumed, RunDir, Setup, TrainError, Trainer, files,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Three epochs of 20 steps on the digits, of which 50 are done: two epochs and ten batches.
fn stopped(method: &str, path: &Path) {
    let mut recipe = Recipe {
        model: "cifar_resnet_8_2".into(),
        density: Density::new(0.2).unwrap(),
        method: method.parse().unwrap(),
        epochs: 3,
        threads: Some(1),
        log_gradient_flow: Some(10),
        ..Recipe::default()
    };
    if method != "static" {
        recipe.dynamic.update_every = Some(3);
    }
    let mut trainer = Trainer::new(Setup::from_recipe(recipe).unwrap()).unwrap();
    let mut run = RunDir::create(Some(path), trainer.recipe()).unwrap();
    let interrupt = Requests::new();
    trainer.run(&mut run, &mut Stopper(50, interrupt.clone()), &interrupt).unwrap();
}

fn resume(path: &Path) -> Result<Resumed, TrainError> {
    let point = ResumePoint::find(path)?;
    point.resume(point.recipe.clone(), false)
}

fn content(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = path.read_dir().unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect()
}

/// Asserts that the run is refused for its data with these words, and untouched.
fn refused(path: &Path, words: &str) {
    let before = content(path);
    let error = resume(path).err().unwrap_or_else(|| panic!("accepted, expected: {words}"));
    assert_eq!(error.fault(), Fault::Data, "{error}");
    assert!(error.to_string().contains(words), "expected `{words}`: {error}");
    assert!(content(path) == before, "{words}");
}

#[test]
fn counters_that_the_run_cannot_have_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    stopped("static", &path);
    let last = path.join(files::LAST);
    let sound = Checkpoint::load(&last).unwrap();
    assert!(sound.meta.state["best"]["epoch"].as_u64().unwrap() <= 2);
    let changes: [(Change, &str); 16] = [
        (|found| found.meta.step = 51, "step 51 is not batch 10 of epoch 3"),
        (|found| found.meta.epoch = 1, "step 50 is not batch 10 of epoch 2"),
        (|found| found.meta.epoch = 4, "at epoch 4"),
        (|found| found.meta.state["batch"] = json!(9), "step 50 is not batch 9"),
        (|found| (found.meta.epoch, found.meta.step) = (3, 70), "not batch 10 of epoch 4"),
        (|found| found.meta.state["train"]["samples"] = json!(641), "640 samples"),
        (|found| found.meta.state["train"]["samples"] = json!(0), "640 samples"),
        (|found| found.meta.state["train"]["correct"] = json!(641), "641 right"),
        (|found| found.meta.state["best"]["epoch"] = json!(0), "best epoch cannot be 0"),
        (|found| found.meta.state["best"]["epoch"] = json!(3), "best epoch cannot be 3"),
        (|found| found.meta.state["best"]["val_acc"] = json!(1.5), "accuracy of 1.5"),
        (|found| found.meta.state["best"]["val_acc"] = json!(-0.5), "accuracy of -0.5"),
        (|found| found.meta.state["best"] = json!({"epoch": 1}), "no training run wrote it"),
        (|found| found.meta.state["flops"] = json!(-1.0), "number of operations"),
        (|found| found.meta.state = Value::Null, "no training run wrote it"),
        (drop_a_weight, "weights are not those"),
    ];
    each_is_refused(&path, &sound, &changes);
}

/// What is changed in a sound checkpoint.
type Change = fn(&mut Checkpoint);

/// Every change of the last checkpoint is refused with its words, and the sound one is not.
fn each_is_refused(path: &Path, sound: &Checkpoint, changes: &[(Change, &str)]) {
    let last = path.join(files::LAST);
    for (change, words) in changes {
        let mut changed = sound.clone();
        change(&mut changed);
        changed.save(&last).unwrap();
        refused(path, words);
    }
    sound.save(&last).unwrap();
    assert!(resume(path).is_ok());
}

/// Takes a weight out of the first layer.
fn drop_a_weight(found: &mut Checkpoint) {
    use rarefy_nn::params::{LayerEdit, StoreEdit};
    let first: Vec<u32> = found.store.patterns()[0].iter_positions().take(1).collect();
    let edit = LayerEdit { layer: 0, drop: &first, grow: &[] };
    found.store.edit(&[edit], &mut StoreEdit::default()).unwrap();
}

#[test]
fn updates_that_the_pattern_cannot_have_had_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    stopped("set", &path);
    let last = path.join(files::LAST);
    let sound = Checkpoint::load(&last).unwrap();
    // Every third step.
    let updates = sound.meta.state["dynamic"]["updates"].as_array().unwrap();
    assert_eq!(
        updates.iter().map(|update| update["step"].as_u64().unwrap()).collect::<Vec<_>>(),
        [42, 45, 48]
    );
    let changes: [(Change, &str); 8] = [
        (|found| found.meta.state["dynamic"]["updates"][0]["step"] = json!(39), "step 39"),
        (|found| found.meta.state["dynamic"]["updates"][1]["step"] = json!(42), "step 42"),
        (|found| found.meta.state["dynamic"]["updates"][2]["step"] = json!(47), "step 47"),
        (|found| found.meta.state["dynamic"]["updates"][2]["step"] = json!(51), "step 51"),
        (|found| found.meta.state["dynamic"]["updates"] = json!([]), "3 updates of the pattern, found 0"),
        (|found| found.meta.state["dynamic"]["updates"][2]["nnz"] = json!(1), "left 1 weights"),
        (drop_a_weight, "its last update left"),
        (
            |found| {
                let Some(Extra::U32(words)) = found.extras.get_mut("fired") else { panic!("no bits") };
                words.iter_mut().for_each(|word| *word = 0);
            },
            "does not know all of its weights",
        ),
    ];
    each_is_refused(&path, &sound, &changes);
}

#[test]
fn records_that_are_missing_doubled_reversed_or_of_other_steps_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    stopped("static", &path);
    let metrics = path.join(files::METRICS);
    let sound = std::fs::read_to_string(&metrics).unwrap();
    let [one, two] = sound.lines().collect::<Vec<_>>()[..] else { panic!("{sound}") };
    let changed = |from: &str, to: &str| {
        let text = two.replace(from, to);
        assert_ne!(text, two);
        format!("{one}\n{text}\n")
    };
    for (text, words) in [
        (format!("{two}\n{one}\n"), "line 2: expected epoch 3, found 1"),
        (format!("{one}\n{one}\n{two}\n"), "line 2: expected epoch 2, found 1"),
        (format!("{one}\n{two}\n{two}\n"), "line 3: expected epoch 3, found 2"),
        (format!("{one}\n"), "line 2: expected epoch 2, found none"),
        (changed("\"epoch\":2", "\"epoch\":0"), "line 2: expected epoch 2, found 0"),
        (changed("\"step\":40", "\"step\":41"), "line 2: epoch 2 ends at step 40, found 41"),
        (changed("\"nnz\":", "\"nnz\":1"), "line 2: the checkpoint has"),
        (changed("\"epoch\"", "\"epoche\""), "line 2"),
    ] {
        std::fs::write(&metrics, text).unwrap();
        refused(&path, &format!("metrics.jsonl, {words}"));
    }
    let flow = path.join(files::GRADIENT_FLOW);
    let steps = std::fs::read_to_string(&flow).unwrap();
    std::fs::write(&metrics, &sound).unwrap();
    let reversed: String = steps.lines().rev().map(|line| format!("{line}\n")).collect();
    for text in [reversed, steps.replace("\"epoch\":2", "\"epoch\":3"), steps.repeat(2)] {
        std::fs::write(&flow, text).unwrap();
        refused(&path, "gradient_flow.jsonl, line");
    }
    // What is said to be removed may be removed; lines past the checkpoint are of no account.
    std::fs::remove_file(&flow).unwrap();
    std::fs::write(&metrics, format!("{sound}{}\n", two.replace("\"epoch\":2", "\"epoch\":7"))).unwrap();
    assert!(resume(&path).is_ok());
    std::fs::remove_file(&metrics).unwrap();
    let Resumed::Open { mut trainer, mut run } = resume(&path).unwrap() else { panic!("it is not finished") };
    assert_eq!(run.missing_records(&trainer.position_in_run()), 2);
    trainer.run_to_end(&mut run).unwrap();
    drop(run);
    // The file begins late, and may be gone on from.
    std::fs::remove_file(path.join(files::SUMMARY)).unwrap();
    assert!(resume(&path).is_ok());
    assert!(std::fs::read_to_string(&metrics).unwrap().starts_with("{\"epoch\":3,"));
}
