//! Runs that start from another network, or from what a saliency has measured, go on without it, from any folder.

mod common;

use common::Stopper;
use rarefy_core::Density;
use rarefy_train::{
    Outcome, Recipe, Requests, ResumePoint, Resumed, RunDir, Setup, TrainError, Trainer, files,
};
use std::path::{Path, PathBuf};

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
    if method != "static" {
        recipe.dynamic.update_every = Some(7);
    }
    recipe
}

fn run(trainer: &mut Trainer, run: &mut RunDir, stop: u64) -> Outcome {
    let interrupt = Requests::new();
    trainer.run(run, &mut Stopper(stop, interrupt.clone()), &interrupt).unwrap()
}

/// Starts in a new folder and stops after a step.
fn start(recipe: Recipe, path: &Path, stop: u64) {
    let mut trainer = Trainer::new(Setup::from_recipe(recipe).unwrap()).unwrap();
    let mut folder = RunDir::create(Some(path), trainer.recipe()).unwrap();
    run(&mut trainer, &mut folder, stop);
}

/// Takes the run up with its own recipe, to the end.
fn go_on(path: &Path) -> Result<(), TrainError> {
    let point = ResumePoint::find(path)?;
    let recipe = Recipe { threads: Some(2), ..point.recipe.clone() };
    let Resumed::Open { mut trainer, run: mut folder } = point.resume(recipe, false)? else {
        panic!("it is not finished")
    };
    assert!(matches!(run(&mut trainer, &mut folder, 0), Outcome::Finished(_)));
    Ok(())
}

fn checkpoints(path: &Path) -> [Vec<u8>; 2] {
    [files::LAST, files::BEST].map(|file| std::fs::read(path.join(file)).unwrap())
}

/// A trained network in `folder`, as a run.
fn source(folder: &Path) -> PathBuf {
    let path = folder.join("source");
    start(Recipe { seed: 7, ..recipe("static") }, &path, 0);
    path
}

#[test]
fn a_run_goes_on_to_the_same_bits_when_the_network_it_started_from_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    type Take = fn(&mut Recipe, PathBuf);
    let starts: [(&str, Take); 7] = [
        ("static", |recipe, path| recipe.mask_from = Some(path)),
        ("static", |recipe, path| {
            (recipe.mask_from, recipe.shuffle_mask, recipe.reinit) = (Some(path), true, true);
        }),
        ("static", |recipe, path| recipe.weights_from = Some(path)),
        ("static", |recipe, path| {
            (recipe.mask_from, recipe.weights_from) = (Some(path.clone()), Some(path));
        }),
        ("rigl", |recipe, path| recipe.mask_from = Some(path)),
        // Its number of weights between updates is not that of the mask.
        ("mest", |recipe, path| recipe.mask_from = Some(path)),
        ("deepr", |recipe, path| recipe.mask_from = Some(path)),
    ];
    for (number, (method, take)) in starts.into_iter().enumerate() {
        let source = source(&folder.path().join(number.to_string()));
        let mut recipe = recipe(method);
        take(&mut recipe, source.clone());
        let (whole, stopped) = (source.with_file_name("whole"), source.with_file_name("stopped"));
        start(recipe.clone(), &whole, 0);
        start(recipe, &stopped, 16);
        std::fs::remove_dir_all(&source).unwrap();
        go_on(&stopped).unwrap();
        assert!(checkpoints(&whole) == checkpoints(&stopped), "{method}, start {number}");
    }
}

#[test]
fn before_its_first_checkpoint_a_run_needs_the_network_it_starts_from() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path());
    let path = folder.path().join("run");
    start(Recipe { mask_from: Some(source.clone()), ..recipe("static") }, &path, 3);
    std::fs::remove_file(path.join(files::LAST)).unwrap();
    std::fs::remove_dir_all(&source).unwrap();
    let error = go_on(&path).unwrap_err().to_string();
    assert!(error.contains("source"), "{error}");
}

#[test]
fn a_run_goes_on_to_the_same_bits_with_the_mask_that_a_saliency_gave_it() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    let snip = Recipe { sparse_init: "snip".into(), ..recipe("static") };
    start(snip.clone(), &whole, 0);
    start(snip, &stopped, 16);
    go_on(&stopped).unwrap();
    assert!(checkpoints(&whole) == checkpoints(&stopped));
}

#[test]
fn the_recipe_of_a_run_names_other_files_from_every_folder() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path());
    // A way round, and a link that may point elsewhere tomorrow.
    let link = folder.path().join("latest");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&source, &link).unwrap();
    #[cfg(not(unix))]
    let link = source.clone();
    let recipe = Recipe {
        mask_from: Some(source.join("../source")),
        weights_from: Some(link),
        data_dir: Some("data".into()),
        ..recipe("static")
    };
    let path = folder.path().join("run");
    start(recipe, &path, 3);
    let own = Recipe::load(&path.join(files::RECIPE)).unwrap();
    let source = source.canonicalize().unwrap();
    assert_eq!((own.mask_from.as_ref(), own.weights_from.as_ref()), (Some(&source), Some(&source)));
    assert_eq!(own.data_dir, Some(std::env::current_dir().unwrap().join("data")));
}

#[cfg(unix)]
#[test]
fn paths_that_no_recipe_can_hold_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let path = || Some(PathBuf::from(std::ffi::OsStr::from_bytes(b"mask-\xff")));
    for (recipe, key) in [
        (Recipe { mask_from: path(), ..recipe("static") }, "`mask_from`"),
        (Recipe { weights_from: path(), ..recipe("static") }, "`weights_from`"),
        (Recipe { data_dir: path(), ..recipe("static") }, "`data_dir`"),
    ] {
        let error = recipe.check().unwrap_err().to_string();
        assert!(error.contains(key) && error.contains("UTF-8"), "{error}");
    }
}
