//! Iterative magnitude pruning: nested masks, rewound weights, stopped anywhere.

use rarefy_core::Density;
use rarefy_formats::Checkpoint;
use rarefy_nn::params::{Column, ParamStore};
use rarefy_train::{
    Imp, ImpOutcome, Observer, PruneScope, Recipe, Requests, RunStart, Scaled, Setup, StepReport,
};
use std::path::Path;

fn imp(folder: &Path, rewind_epoch: u32) -> Imp {
    let recipe = Recipe {
        model: "cifar_resnet_8_2".into(),
        density: Density::new(0.25).unwrap(),
        batch_size: 256,
        epochs: 2,
        threads: Some(1),
        ..Recipe::default()
    };
    Imp { recipe, rounds: 2, rewind_epoch, scope: PruneScope::Global, folder: folder.to_owned() }
}

/// Stops after so many steps of its own.
struct Stopper {
    left: u64,
    stop: Requests,
}

impl Observer for Stopper {
    fn started(&mut self, _: &RunStart<'_>) {}

    fn stepped(&mut self, _: &StepReport) {
        self.left -= 1;
        if self.left == 0 {
            self.stop.stop();
        }
    }

    fn epoch_done(&mut self, _: &rarefy_train::EpochRecord, _: bool) {}
}

fn run(imp: &Imp, steps: u64) -> ImpOutcome {
    let stop = Requests::new();
    let mut stopper = Stopper { left: steps, stop: stop.clone() };
    imp.run(&mut stopper, &stop, |_, _| {}).unwrap()
}

fn store(path: &Path) -> ParamStore {
    Checkpoint::load(path).unwrap().store
}

#[test]
fn rounds_prune_what_is_left_and_start_from_the_rewound_weights() {
    for rewind_epoch in [0, 1] {
        let folder = tempfile::tempdir().unwrap();
        let imp = imp(folder.path(), rewind_epoch);
        let ImpOutcome::Finished(rounds) = run(&imp, u64::MAX) else { panic!("not interrupted") };
        let densities: Vec<f64> = rounds.iter().map(|(density, _)| density.get()).collect();
        assert_eq!(densities, [1.0, 0.5, 0.25]);
        let rewind = store(&folder.path().join("rewind.ckpt"));
        let last = |round: u32| store(&folder.path().join(format!("round-{round}/last.ckpt")));
        for round in [1, 2] {
            let (before, after) = (last(round - 1), last(round));
            let all: u64 = before.patterns().iter().map(|pattern| pattern.shape().len() as u64).sum();
            assert_eq!(after.nnz(), Density::new(densities[round as usize]).unwrap().budget(all));
            for (old, new) in before.patterns().iter().zip(after.patterns()) {
                let old: Vec<u32> = old.iter_positions().collect();
                assert!(new.iter_positions().all(|position| old.binary_search(&position).is_ok()));
            }
            let recipe = Recipe::load(&folder.path().join(format!("round-{round}/recipe.toml"))).unwrap();
            let start = Setup::from_recipe(recipe).unwrap().store;
            assert_eq!(start.patterns(), after.patterns());
            for (view, of) in start.views().iter().enumerate() {
                for column in [Column::Value, Column::Momentum] {
                    let (start, rewind) = (start.to_dense(view, column), rewind.to_dense(view, column));
                    let pairs = start.iter().zip(&rewind);
                    assert!(pairs.clone().all(|(start, rewind)| start == rewind || *start == 0.0));
                    assert!(of.pattern.is_some() || start == rewind, "{}", of.parameter.name);
                }
            }
        }
    }
}

#[test]
fn stopped_in_any_round_the_same_request_comes_to_the_same_weights() {
    let whole = tempfile::tempdir().unwrap();
    run(&imp(whole.path(), 1), u64::MAX);
    let folder = tempfile::tempdir().unwrap();
    let imp = imp(folder.path(), 1);
    // 5 steps an epoch: in the dense round before the rewinding epoch, after it, and in a later round.
    let (mut stopped, mut last) = (Vec::new(), None);
    for steps in [3, 4, 6, u64::MAX] {
        match run(&imp, steps) {
            ImpOutcome::Interrupted { round } => stopped.push(round),
            finished => last = Some(finished),
        }
    }
    assert!(stopped.first() == Some(&0) && stopped.last() >= Some(&1) && last.is_some(), "{stopped:?}");
    for round in 0..=2 {
        let path = format!("round-{round}/last.ckpt");
        assert!(store(&whole.path().join(&path)) == store(&folder.path().join(&path)), "round {round}");
    }
    // All rounds are there: nothing is trained again; another request is refused.
    assert!(matches!(run(&imp, 1), ImpOutcome::Finished(_)));
    let other = Imp { recipe: Recipe { lr: 0.2, ..imp.recipe.clone() }, ..imp };
    let refusal = |imp: &Imp| imp.run(&mut (), &Requests::new(), |_, _| {}).unwrap_err().to_string();
    assert!(refusal(&other).contains("its lr is"));
    let imp = Imp { recipe: Recipe { lr: 0.1, ..other.recipe.clone() }, ..other };
    assert!(matches!(run(&imp, 1), ImpOutcome::Finished(_)));
    let before = std::fs::read(folder.path().join("pruned-1.ckpt")).unwrap();
    for (other, key) in [
        (Imp { rounds: 3, ..imp.clone() }, "its rounds is 2, the recipe asks for 3"),
        (Imp { rewind_epoch: 0, ..imp.clone() }, "its rewind_epoch is 1"),
        (Imp { scope: PruneScope::Layer, ..imp.clone() }, "its scope is"),
    ] {
        let text = refusal(&other);
        assert!(text.contains(key), "{text}");
    }
    assert!(before == std::fs::read(folder.path().join("pruned-1.ckpt")).unwrap());
}

#[test]
fn requests_out_of_range_are_errors_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("imp");
    let fine = imp(&path, 0);
    let dense = Recipe { density: Density::DENSE, ..fine.recipe.clone() };
    for (imp, key) in [
        (Imp { rounds: 0, ..fine.clone() }, "rounds"),
        (Imp { rewind_epoch: 2, ..fine.clone() }, "rewind_epoch"),
        (Imp { recipe: dense, ..fine.clone() }, "density"),
        (
            Imp { recipe: Recipe { method: "rigl".parse().unwrap(), ..fine.recipe.clone() }, ..fine.clone() },
            "method",
        ),
        (
            Imp { recipe: Recipe { mask_from: Some("a".into()), ..fine.recipe.clone() }, ..fine.clone() },
            "mask_from",
        ),
        (
            Imp {
                recipe: Recipe { keep_dense: "first".parse().ok(), ..fine.recipe.clone() },
                ..fine.clone()
            },
            "keep_dense",
        ),
        // What only a later round would have been refused for.
        (Imp { recipe: Recipe { scaled: Some(Scaled::Layer), ..fine.recipe.clone() }, ..fine }, "scaled"),
    ] {
        let error = imp.run(&mut (), &Requests::new(), |_, _| {}).unwrap_err();
        assert!(error.to_string().contains(key), "{error}");
        assert!(!path.exists());
    }
}
