//! Patterns that move: exact budgets, the same bits stopped and resumed and on any threads, for every method.

use rarefy_core::Density;
use rarefy_train::{
    EpochRecord, InMemory, Keeper, Method, Observer, Outcome, Recipe, Requests, ResumePoint, RunDir, Setup,
    StepReport, Trainer, files,
};
use std::path::Path;
use std::time::Duration;

/// Four epochs of 20 steps on the digits.
fn recipe(method: &str) -> Recipe {
    let mut recipe = Recipe {
        model: "cifar_resnet_8_2".into(),
        density: Density::new(0.2).unwrap(),
        method: method.parse().unwrap(),
        epochs: 4,
        threads: Some(1),
        ..Recipe::default()
    };
    if recipe.method.preset().dynamic {
        recipe.dynamic.update_every = Some(7);
    }
    recipe
}

fn trainer(recipe: Recipe) -> Trainer {
    Trainer::new(Setup::from_recipe(recipe).unwrap()).unwrap()
}

fn methods() -> impl Iterator<Item = &'static str> {
    Method::all().map(Method::name)
}

/// Everything a finished run left, but for times.
fn result(keeper: &InMemory) -> (Vec<u8>, Vec<u8>, Vec<EpochRecord>) {
    let bytes = |checkpoint: Option<&rarefy_formats::Checkpoint>| checkpoint.unwrap().to_bytes().unwrap();
    let timeless = |record: &EpochRecord| EpochRecord { seconds: 0.0, images_per_sec: 0.0, ..record.clone() };
    (bytes(keeper.last()), bytes(keeper.best()), keeper.records().iter().map(timeless).collect())
}

fn whole(recipe: Recipe) -> InMemory {
    let mut keeper = InMemory::new();
    trainer(recipe).run_to_end(&mut keeper).unwrap();
    keeper
}

/// Stops after a step.
struct Stopper(u64, Requests);

impl Observer for Stopper {
    fn stepped(&mut self, step: &StepReport) {
        if step.step >= self.0 {
            self.1.stop();
        }
    }
}

#[test]
fn every_update_of_every_method_leaves_exactly_the_weights_of_its_schedule() {
    for method in methods() {
        let keeper = whole(recipe(method));
        let store = &keeper.last().unwrap().store;
        let weights: u64 = store.patterns().iter().map(|pattern| pattern.shape().len() as u64).sum();
        let budget = Density::new(0.2).unwrap().budget(weights);
        assert_eq!(store.nnz(), budget, "{method} ends with");
        let records = keeper.records();
        let Some(last) = records.last().and_then(|record| record.dynamic.clone()) else {
            assert_eq!(method, "static");
            continue;
        };
        let updates: Vec<_> =
            records.iter().flat_map(|record| record.dynamic.clone().unwrap().updates).collect();
        assert!(updates.len() >= 2, "{method}: {updates:?}");
        assert!(updates.iter().any(|update| update.grown > 0 || update.dropped > 0), "{method}");
        let mut nnz = match method {
            "gmp" | "ac_dc" => weights,
            "granet" => Density::new(0.5).unwrap().budget(weights),
            _ => budget,
        };
        for update in &updates {
            assert_eq!(update.nnz, nnz + update.grown - update.dropped, "{method}: {update:?}");
            nnz = update.nnz;
            match method {
                "ac_dc" => assert!(nnz == weights || nnz == budget, "{method}: {update:?}"),
                "gmp" | "granet" => assert!(nnz >= budget, "{method}: {update:?}"),
                "mest" => {
                    assert!((budget..=budget + (0.3 * budget as f64) as u64 + 1).contains(&nnz), "{update:?}")
                }
                _ => assert_eq!(nnz, budget, "{method}: {update:?}"),
            }
        }
        assert_eq!(records.last().unwrap().nnz, budget);
        // What has ever existed: all of it in networks that start dense, more than exists in those that explore.
        let explored: Vec<f64> =
            records.iter().map(|record| record.dynamic.as_ref().unwrap().explored).collect();
        assert!(explored.is_sorted() && last.explored <= 1.0, "{method}: {explored:?}");
        match method {
            "gmp" | "ac_dc" => assert_eq!(last.explored, 1.0),
            _ => assert!(last.explored > 0.21, "{method}: {explored:?}"),
        }
        assert_eq!(last.explored_layers.len(), store.patterns().len());
    }
}

#[test]
fn every_method_stopped_and_resumed_anywhere_comes_to_the_same_bits() {
    for method in methods() {
        let expected = result(&whole(recipe(method)));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        // Right before, at and after an update, and within epochs.
        for (part, stop) in [6, 7, 8, 33, 49, 60, 1000].into_iter().enumerate() {
            let mut trainer = trainer(recipe(method));
            let mut keeper = open(&path, &mut trainer, part);
            let interrupt = Requests::new();
            let mut stopper = Stopper(stop, interrupt.clone());
            let outcome = trainer.run(&mut keeper, &mut stopper, &interrupt).unwrap();
            assert_eq!(matches!(outcome, Outcome::Finished(_)), stop == 1000, "{method} {stop}");
            if stop == 1000 {
                let records = keeper.records().iter().map(|record| EpochRecord {
                    seconds: 0.0,
                    images_per_sec: 0.0,
                    ..record.clone()
                });
                let read = |file: &str| std::fs::read(path.join(file)).unwrap();
                let found = (read(files::LAST), read(files::BEST), records.collect::<Vec<_>>());
                assert_eq!(found.2, expected.2, "{method}");
                assert!(found == expected, "{method}");
            }
        }
    }
}

#[test]
fn every_method_interrupted_at_any_moment_and_resumed_comes_to_the_same_bits() {
    for method in methods() {
        let recipe = || Recipe { threads: Some(2), ..recipe(method) };
        let expected = result(&whole(recipe()));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        // Each life is a little longer than the one before: within steps, updates, validations and the test.
        // Whatever the moment, nothing of it may show.
        for part in 0.. {
            let mut trainer = trainer(recipe());
            let mut keeper = open(&path, &mut trainer, part);
            let requests = Requests::new();
            let asker = requests.clone();
            let life = Duration::from_micros(300 * part as u64 + 217);
            let asked = std::thread::spawn(move || {
                std::thread::sleep(life);
                while !asker.stop_run() && !asker.is_stopped() {
                    std::thread::yield_now();
                }
            });
            let outcome = trainer.run(&mut keeper, &mut (), &requests).unwrap();
            requests.stop();
            asked.join().unwrap();
            if let Outcome::Finished(_) = outcome {
                break;
            }
            assert_eq!(trainer.progress().step, keeper_step(&path), "{method}");
        }
        let read = |file: &str| std::fs::read(path.join(file)).unwrap();
        assert!((read(files::LAST), read(files::BEST)) == (expected.0, expected.1), "{method}");
    }
}

/// Step of the position that a run's folder holds.
fn keeper_step(path: &Path) -> u64 {
    rarefy_formats::checkpoint::inspect(&path.join(files::LAST)).unwrap().meta.step
}

/// The run's folder: new at first, then continued.
fn open(path: &Path, trainer: &mut Trainer, part: usize) -> RunDir {
    if part == 0 {
        return RunDir::create(Some(path), trainer.recipe()).unwrap();
    }
    let point = ResumePoint::find(path).unwrap();
    trainer.resume(point.checkpoint.as_ref().unwrap()).unwrap();
    RunDir::open(path).unwrap()
}

#[test]
fn every_method_resumed_from_its_best_checkpoint_comes_to_the_same_bits_and_records() {
    let mut early = 0;
    for method in methods() {
        // At a constant rate the best epoch is not simply the last.
        let recipe = || Recipe { lr_schedule: "constant".parse().unwrap(), ..recipe(method) };
        let expected = result(&whole(recipe()));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        let mut first = trainer(recipe());
        first.run_to_end(&mut RunDir::create(Some(&path), first.recipe()).unwrap()).unwrap();
        // Whatever the last checkpoint is: the one to go on from takes its place.
        std::fs::write(path.join(files::LAST), "garbage").unwrap();
        let mut again = trainer(recipe());
        again.resume(&path.join(files::BEST)).unwrap();
        early += u32::from(again.progress().epoch < 4);
        let mut keeper = RunDir::open(&path).unwrap();
        again.run_to_end(&mut keeper).unwrap();
        let timeless =
            |record: &EpochRecord| EpochRecord { seconds: 0.0, images_per_sec: 0.0, ..record.clone() };
        let read = |file: &str| std::fs::read(path.join(file)).unwrap();
        assert_eq!(keeper.records().iter().map(timeless).collect::<Vec<_>>(), expected.2, "{method}");
        assert!(read(files::LAST) == expected.0 && read(files::BEST) == expected.1, "{method}");
    }
    assert!(early > 0, "every best epoch was the last: choose another recipe");
}

#[test]
fn every_method_gives_the_same_bits_on_two_threads() {
    for method in methods() {
        let two = whole(Recipe { threads: Some(2), ..recipe(method) });
        assert!(result(&two) == result(&whole(recipe(method))), "{method}");
    }
}

#[test]
fn rules_that_read_the_last_gradient_or_the_batch_after_the_step_resume_too() {
    let mut recipe = recipe("rigl");
    recipe.dynamic.drop = Some("taylor_fo".into());
    recipe.dynamic.redistribution = Some("gradient".into());
    recipe.dynamic.update_order = Some("after".into());
    let mut other = recipe.clone();
    other.dynamic.update_order = Some("replace".into());
    for recipe in [recipe, other] {
        let expected = result(&whole(recipe.clone()));
        let folder = tempfile::tempdir().unwrap();
        for (part, stop) in [6, 7, 1000].into_iter().enumerate() {
            let mut trainer = trainer(recipe.clone());
            let mut keeper = open(&folder.path().join("run"), &mut trainer, part);
            let interrupt = Requests::new();
            trainer.run(&mut keeper, &mut Stopper(stop, interrupt.clone()), &interrupt).unwrap();
        }
        let last = std::fs::read(folder.path().join("run").join(files::LAST)).unwrap();
        assert!(last == expected.0);
    }
}

#[test]
fn a_checkpoint_without_what_the_method_keeps_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let mut first = trainer(recipe("snfs"));
    let mut keeper = RunDir::create(Some(&path), first.recipe()).unwrap();
    first.run_to_end(&mut keeper).unwrap();
    drop(keeper);
    let last = path.join(files::LAST);
    let whole = rarefy_formats::Checkpoint::load(&last).unwrap();
    for name in ["fired", "dense_score"] {
        let mut damaged = whole.clone();
        damaged.extras.remove(name);
        damaged.save(&last).unwrap();
        let error = trainer(recipe("snfs")).resume(&last).unwrap_err();
        assert!(error.to_string().contains(&format!("extra.{name}")), "{error}");
    }
}

/// The updates of a run: step, weights that went and came, weights afterwards.
fn updates(keeper: &InMemory) -> Vec<(u64, u64, u64, u64)> {
    let all = keeper.records().iter().flat_map(|record| record.dynamic.clone().unwrap().updates);
    all.map(|update| (update.step, update.dropped, update.grown, update.nnz)).collect()
}

#[test]
fn under_a_soft_bound_growth_comes_on_top_and_goes_at_the_next_update() {
    let mut soft = recipe("mest");
    soft.dynamic.update_every = Some(10);
    soft.dynamic.drop_schedule = Some("constant".into());
    let found = updates(&whole(soft.clone()));
    let base = whole(Recipe { method: Method::STATIC, dynamic: Default::default(), ..soft.clone() });
    let base = base.last().unwrap().store.nnz();
    let above = base + (0.3 * base as f64).round() as u64;
    // 80 steps, updates until the 60th; the 70th only removes.
    let expected: Vec<(u64, u64)> =
        (1..=7).map(|update| (10 * update, if update < 7 { above } else { base })).collect();
    assert_eq!(found.iter().map(|update| (update.0, update.3)).collect::<Vec<_>>(), expected);
    assert!(found[6].2 == 0 && found[6].1 == above - base, "{found:?}");
    // What the last update added, to a block a layer, less what was dropped and grew again at once.
    assert!(
        found[1..6].iter().all(|update| update.1 == update.2 && update.1 > (above - base) / 2),
        "{found:?}"
    );
    let hard = {
        let mut hard = soft.clone();
        hard.dynamic.memory_bound = Some("hard".into());
        updates(&whole(hard))
    };
    assert!(hard.len() == 6 && hard.iter().all(|update| update.3 == base), "{hard:?}");
    // An update that none follows has no time to exceed the bound.
    soft.dynamic.update_every = Some(45);
    assert!(updates(&whole(soft.clone())).iter().all(|update| update.3 == base && update.2 > 0));
    soft.dynamic.density_schedule = Some("cubic".into());
    soft.dynamic.memory_bound = Some("soft".into());
    let error = Trainer::new(Setup::from_recipe(soft).unwrap()).err().unwrap();
    assert!(error.to_string().contains("memory_bound"), "{error}");
}

#[test]
fn the_best_epoch_is_one_of_the_density_asked_for() {
    for method in ["gmp", "granet", "ac_dc", "mest"] {
        let keeper = whole(recipe(method));
        let (last, best) = (&keeper.last().unwrap().store, &keeper.best().unwrap().store);
        assert_eq!(best.nnz(), last.nnz(), "{method}");
        assert!(
            keeper.records().iter().any(|record| record.nnz > last.nnz()),
            "{method} was denser on its way"
        );
    }
}
