//! Training longer: a run goes on past its end by the schedules of a longer one.

mod common;

use common::Stopper;
use rarefy_core::Density;
use rarefy_train::{
    EpochRecord, Extension, Fault, Keeper, OptimizerName, Recipe, Requests, ResumePoint, Resumed, RunDir,
    Setup, TrainError, Trainer, files,
};
use std::path::Path;

/// Two epochs of 20 steps on the digits.
fn recipe(method: &str) -> Recipe {
    let mut recipe = Recipe {
        model: "cifar_resnet_8_2".into(),
        density: Density::new(0.2).unwrap(),
        method: method.parse().unwrap(),
        epochs: 2,
        threads: Some(1),
        ..Recipe::default()
    };
    if recipe.method.preset().dynamic {
        recipe.dynamic.update_every = Some(7);
    }
    recipe
}

/// What is to be extended: every method, and Adam with steps of the rate.
fn recipes() -> impl Iterator<Item = Recipe> {
    let methods = ["static", "set", "rigl", "snfs", "mest", "deepr", "gmp", "granet", "ac_dc"];
    let steps = "multistep".parse().unwrap();
    let adam = Recipe { optimizer: OptimizerName::Adam, lr: 0.01, lr_schedule: steps, ..recipe("static") };
    methods.into_iter().map(recipe).chain([adam])
}

fn train(trainer: &mut Trainer, run: &mut RunDir, stop: u64) {
    let interrupt = Requests::new();
    trainer.run(run, &mut Stopper(stop, interrupt.clone()), &interrupt).unwrap();
}

/// A new run, which may be stopped after a step.
fn start(recipe: Recipe, path: &Path, stop: u64) {
    let mut trainer = Trainer::new(Setup::from_recipe(recipe).unwrap()).unwrap();
    let mut run = RunDir::create(Some(path), trainer.recipe()).unwrap();
    train(&mut trainer, &mut run, stop);
}

/// The run taken up from its folder or a checkpoint, with as many epochs or its own.
fn take_up(path: &Path, epochs: Option<u32>) -> Result<(Box<Trainer>, RunDir), TrainError> {
    let point = ResumePoint::find(path)?;
    let own = point.recipe.clone();
    match point.resume(Recipe { epochs: epochs.unwrap_or(own.epochs), ..own }, false)? {
        Resumed::Open { trainer, run } => Ok((trainer, run)),
        Resumed::Finished(_) => panic!("it is finished"),
    }
}

fn go_on(path: &Path, epochs: Option<u32>, stop: u64) {
    let (mut trainer, mut run) = take_up(path, epochs).unwrap();
    train(&mut trainer, &mut run, stop);
}

/// Everything a run left, but for times.
fn result(path: &Path) -> (Vec<u8>, Vec<u8>, Vec<EpochRecord>) {
    let read = |file: &str| std::fs::read(path.join(file)).unwrap();
    (read(files::LAST), read(files::BEST), records(path))
}

fn records(path: &Path) -> Vec<EpochRecord> {
    let run = RunDir::open(path).unwrap();
    let timeless = |record: &EpochRecord| EpochRecord { seconds: 0.0, images_per_sec: 0.0, ..record.clone() };
    run.records().iter().map(timeless).collect()
}

#[test]
fn an_extended_run_comes_to_the_same_bits_stopped_and_resumed_extended_early_or_run_again() {
    for recipe in recipes() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let name = format!("{} {:?}", recipe.method, recipe.optimizer);
        start(recipe.clone(), &at("whole"), 0);
        let short = records(&at("whole"));
        go_on(&at("whole"), Some(4), 0);
        let whole = result(&at("whole"));
        assert_eq!(whole.2.len(), 4, "{name}");
        assert_eq!(whole.2[..2], short, "{name}: what was done stays done");

        start(recipe.clone(), &at("stopped"), 0);
        // In the third epoch, and between its last batch and its end.
        go_on(&at("stopped"), Some(4), 51);
        go_on(&at("stopped"), None, 60);
        go_on(&at("stopped"), None, 0);
        assert!(result(&at("stopped")) == whole, "{name}: stopped and resumed");

        // Extended before its end, it gets there first.
        start(recipe.clone(), &at("early"), 13);
        go_on(&at("early"), Some(4), 30);
        go_on(&at("early"), None, 0);
        let early = result(&at("early"));
        assert!(early.0 == whole.0 && early.2 == whole.2, "{name}: extended early");

        // Its recipe is one of its own.
        let own = Recipe::load(&at("whole").join(files::RECIPE)).unwrap();
        assert_eq!((own.epochs, &own.extended_from[..]), (4, &[2][..]));
        start(own, &at("again"), 0);
        let again = result(&at("again"));
        assert!(again.0 == whole.0 && again.2 == whole.2, "{name}: run again");
    }
}

#[test]
fn the_rate_is_that_of_a_run_of_as_many_epochs_from_where_the_extension_begins() {
    let lrs = |path: &Path| records(path).iter().map(|record| record.lr).collect::<Vec<_>>();
    for recipe in [recipe("static"), recipes().last().unwrap()] {
        let folder = tempfile::tempdir().unwrap();
        let (path, long) = (folder.path().join("run"), folder.path().join("long"));
        start(recipe.clone(), &path, 0);
        start(Recipe { epochs: 4, ..recipe.clone() }, &long, 0);
        let short = lrs(&path);
        let (mut trainer, mut run) = take_up(&path, Some(4)).unwrap();
        let expected = Extension {
            epochs: (2, 4),
            lr: (short[1], lrs(&long)[2]),
            lr_schedule: recipe.lr_schedule.name(),
            updates: None,
        };
        assert_eq!(trainer.extension(), Some(expected));
        train(&mut trainer, &mut run, 0);
        drop(run);
        assert_eq!(lrs(&path), [&short[..], &lrs(&long)[2..]].concat());
        assert!(lrs(&path)[2] > 0.0);
        assert_eq!(trainer.extension(), None, "it lies behind");
    }
}

#[test]
fn a_density_that_has_come_to_its_end_stays_there_and_other_schedules_go_on() {
    for (method, updates) in [
        ("gmp", None),
        ("ac_dc", None),
        ("granet", Some(77)),
        // Three quarters of 80 steps, in sevens.
        ("rigl", Some(56)),
        // A last one takes back what the one before has added.
        ("mest", Some(63)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        start(recipe(method), &path, 0);
        let end = records(&path)[1].nnz;
        let (trainer, _) = take_up(&path, Some(4)).unwrap();
        assert_eq!(trainer.extension().unwrap().updates, Some((updates, 80)), "{method}");
        go_on(&path, Some(4), 0);
        let records = records(&path);
        let moved: Vec<u64> = records[2..]
            .iter()
            .flat_map(|record| record.dynamic.clone().unwrap().updates)
            .map(|update| update.step)
            .collect();
        assert_eq!(moved.last().copied(), updates, "{method}: {moved:?}");
        if method != "mest" {
            assert!(records[2..].iter().all(|record| record.nnz == end), "{method}");
        }
        assert_eq!(records[3].nnz, end, "{method}");
    }
}

#[test]
fn a_run_can_be_extended_again_and_goes_on_from_the_best_checkpoint_of_any_stage() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    start(recipe("rigl"), &at("run"), 0);
    let early = std::fs::read(at("run").join(files::BEST)).unwrap();
    go_on(&at("run"), Some(3), 0);
    go_on(&at("run"), Some(5), 0);
    let whole = result(&at("run"));
    let own = Recipe::load(&at("run").join(files::RECIPE)).unwrap();
    assert_eq!((own.epochs, &own.extended_from[..]), (5, &[2, 3][..]));
    std::fs::write(at("run").join(files::BEST), early).unwrap();
    std::fs::write(at("run").join(files::LAST), "garbage").unwrap();
    go_on(&at("run").join(files::BEST), None, 0);
    let again = result(&at("run"));
    assert!(again.0 == whole.0 && again.2 == whole.2);
}

#[test]
fn extending_may_stop_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["whole", "run"] {
        start(recipe("static"), &at(name), 0);
    }
    go_on(&at("whole"), Some(3), 0);
    // The recipe is written, nothing else: the last checkpoint is still that of the shorter run.
    assert!(RunDir::finished(&at("run")).is_some());
    let taken = take_up(&at("run"), Some(3)).unwrap();
    drop(taken);
    assert!(RunDir::finished(&at("run")).is_none());
    go_on(&at("run"), None, 0);
    assert!(result(&at("run")) == result(&at("whole")));
}

#[test]
fn a_run_is_not_shortened_and_nothing_else_changes_with_an_extension() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    start(recipe("static"), &path, 0);
    go_on(&path, Some(4), 0);
    let before = result(&path);
    let point = ResumePoint::find(&path).unwrap();
    let own = point.recipe.clone();
    for (asked, words) in [
        (Recipe { epochs: 2, ..own.clone() }, "has 4 epochs and cannot be shortened to 2"),
        (Recipe { epochs: 3, ..own.clone() }, "cannot be shortened to 3"),
        (Recipe { epochs: 6, lr: 0.5, ..own.clone() }, "its lr is 0.1"),
        (Recipe { epochs: 6, multiplier: 2, ..own.clone() }, "its multiplier is"),
        (Recipe { epochs: 6, extended_from: vec![3], ..own.clone() }, "its e"),
        (Recipe { multiplier: 2, ..own }, "its multiplier is"),
    ] {
        let error = point.resume(asked, false).err().unwrap();
        assert_eq!(error.fault(), Fault::Usage, "{error}");
        assert!(error.to_string().contains(words), "expected `{words}`: {error}");
    }
    assert!(result(&path) == before && RunDir::finished(&path).is_some());
    for extended_from in [vec![2], vec![3], vec![1, 1], vec![0]] {
        let error = Recipe { extended_from, ..recipe("static") }.check().unwrap_err().to_string();
        assert!(error.contains("epochs"), "{error}");
    }
    // Each stage must be a run of its own.
    let warm = Recipe { epochs: 4, extended_from: vec![2], warmup: 3, ..recipe("static") };
    assert!(warm.check().unwrap_err().to_string().contains("`warmup`"));
}
