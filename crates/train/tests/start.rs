//! Runs that start from another network, and pruned networks.

use rarefy_core::Density;
use rarefy_formats::{Meta, Seeds, checkpoint};
use rarefy_nn::params::{Column, ParamStore};
use rarefy_train::{
    DynamicOptions, Fault, InMemory, MatchName, Method, PruneScope, Recipe, Setup, TrainError, Trainer, prune,
};
use std::path::{Path, PathBuf};

fn recipe() -> Recipe {
    Recipe { model: "cifar_resnet_8_4".into(), density: density(0.3), seed: 5, ..Recipe::default() }
}

fn density(density: f64) -> Density {
    Density::new(density).unwrap()
}

fn setup(recipe: Recipe) -> Setup {
    Setup::from_recipe(recipe).unwrap()
}

/// A network of seed 5 whose weights have moved, as a checkpoint in `folder`.
fn trained(folder: &Path) -> (PathBuf, Setup) {
    let mut setup = setup(recipe());
    setup.store.column_mut(Column::Value).iter_mut().for_each(|value| *value = *value * 0.5 + 0.01);
    let (mean, variance) = setup.store.running_mut();
    mean.fill(0.25);
    variance.fill(2.0);
    let path = folder.join("a.ckpt");
    let seeds = Some(Seeds { mask: 5, init: 5, data: 5 });
    checkpoint::save(&path, &Meta { seeds, ..Meta::new(&setup.graph) }, &setup.store).unwrap();
    (path, setup)
}

fn values(store: &ParamStore) -> Vec<Vec<f32>> {
    (0..store.views().len()).map(|view| store.to_dense(view, Column::Value)).collect()
}

#[test]
fn a_mask_from_a_run_comes_with_its_density_and_the_weights_that_run_started_from() {
    let folder = tempfile::tempdir().unwrap();
    let (path, trained) = trained(folder.path());
    let other = Recipe { density: density(0.9), seed: 77, mask_from: Some(path.clone()), ..recipe() };
    let started = setup(other.clone());
    assert_eq!(started.store.patterns(), trained.store.patterns());
    assert_eq!(
        started.recipe.density.get(),
        trained.store.nnz() as f64 / trained.graph.prunable_len() as f64
    );
    assert_eq!(started.store, setup(recipe()).store, "the winning ticket: mask and initial values");
    // The recipe of the run leads to the same start.
    assert_eq!(setup(started.recipe.clone()).store, started.store);
    let own = setup(Recipe { init_seed: Some(9), ..other });
    assert!(own.store != started.store && own.store.patterns() == started.store.patterns());
}

#[test]
fn reinit_keeps_the_mask_and_draws_other_weights() {
    let folder = tempfile::tempdir().unwrap();
    let (path, trained) = trained(folder.path());
    let again = Recipe { mask_from: Some(path), reinit: true, ..recipe() };
    let started = setup(again.clone());
    assert_eq!(started.store.patterns(), trained.store.patterns());
    assert_eq!(started.recipe.init_seed, Some(6));
    assert_eq!(started.store, setup(Recipe { init_seed: Some(6), reinit: false, ..again }).store);
    assert!(values(&started.store) != values(&setup(recipe()).store));
}

#[test]
fn a_shuffled_mask_keeps_the_number_of_weights_of_every_layer() {
    let folder = tempfile::tempdir().unwrap();
    let (path, trained) = trained(folder.path());
    let shuffled = |seed| {
        let mask_from = Some(path.clone());
        setup(Recipe { mask_from, shuffle_mask: true, mask_seed: Some(seed), ..recipe() }).store
    };
    let (one, two) = (shuffled(5), shuffled(6));
    let counts =
        |store: &ParamStore| store.patterns().iter().map(|pattern| pattern.nnz()).collect::<Vec<_>>();
    assert_eq!(counts(&one), counts(&trained.store));
    assert_eq!(one, shuffled(5));
    for other in [&two, &trained.store] {
        let same = one.patterns().iter().zip(other.patterns()).filter(|(a, b)| a == b && !a.is_full());
        assert_eq!(same.count(), 0, "even with the seed that drew the mask");
    }
}

#[test]
fn weights_from_a_network_are_taken_where_it_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let (path, trained) = trained(folder.path());
    let started = setup(Recipe {
        density: density(0.6),
        mask_seed: Some(3),
        weights_from: Some(path.clone()),
        ..recipe()
    });
    let (mut both, mut absent) = (0, 0);
    for (view, of) in started.store.views().iter().enumerate() {
        let from = trained.store.to_dense(view, Column::Value);
        let found = started.store.to_dense(view, Column::Value);
        for (from, found) in from.iter().zip(&found) {
            assert!(found == from || *found == 0.0, "{}", of.parameter.name);
            both += usize::from(found == from && *found != 0.0);
            absent += usize::from(*found == 0.0);
        }
    }
    assert!(both > 500 && absent > 500, "{both} taken, {absent} absent");
    assert_eq!(started.store.running_mean(), trained.store.running_mean());
    assert_eq!(started.store.running_var(), trained.store.running_var());
    let same = setup(Recipe { mask_from: Some(path.clone()), weights_from: Some(path), ..recipe() });
    assert_eq!(values(&same.store), values(&trained.store));
}

#[test]
fn files_of_other_networks_and_none_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = trained(folder.path());
    let start =
        |recipe: Recipe| Setup::from_recipe(recipe).err().map(|error| (error.fault(), error.to_string()));
    for key in ["mask_from", "weights_from"] {
        let with = |path: &Path, model: &str| {
            let path = Some(path.to_owned());
            let recipe = Recipe { model: model.into(), ..recipe() };
            match key {
                "mask_from" => Recipe { mask_from: path, ..recipe },
                _ => Recipe { weights_from: path, ..recipe },
            }
        };
        let (fault, text) = start(with(&path, "cifar_resnet_8")).unwrap();
        assert!(fault == Fault::Data && text.contains("cifar_resnet_8_4"), "{fault:?} {text}");
        let (_, text) = start(with(&folder.path().join("none.ckpt"), "cifar_resnet_8_4")).unwrap();
        assert!(text.contains("none.ckpt"), "{text}");
    }
}

#[test]
fn a_pattern_from_elsewhere_moves_on_from_there_or_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, trained) = trained(folder.path());
    let of = |method: &str| Recipe { method: method.parse().unwrap(), ..recipe() };
    let masked = |method| Recipe { mask_from: Some(path.clone()), ..of(method) };
    let weighted = |method| Recipe { weights_from: Some(path.clone()), ..of(method) };
    let rewound = |method| Recipe { rewind_epoch: Some(1), ..weighted(method) };
    for method in Method::all().map(Method::name) {
        let scheduled = ["gmp", "granet", "ac_dc"].contains(&method);
        assert_eq!(masked(method).check().is_err(), scheduled, "{method}");
        assert_eq!(weighted(method).check().is_err(), method == "deepr", "{method}");
        let refused = rewound(method).check();
        assert_eq!(refused.is_err(), method != "static", "{method}");
    }
    let text = rewound("rigl").check().unwrap_err().to_string();
    assert!(text.contains("`rewind_epoch`") && text.contains("rigl"), "{text}");
    let cubic = DynamicOptions { density_schedule: Some("cubic".into()), ..Default::default() };
    assert!(Recipe { dynamic: cubic, ..masked("rigl") }.check().is_err());
    let started = setup(masked("rigl"));
    assert_eq!(started.store.patterns(), trained.store.patterns());
    // It keeps the density of the mask, not that of the recipe, through the updates.
    let dynamic = DynamicOptions { update_every: Some(2), ..Default::default() };
    let moving = Recipe { density: density(0.9), epochs: 1, threads: Some(1), dynamic, ..masked("rigl") };
    let mut trainer = Trainer::new(setup(moving)).unwrap();
    trainer.run_to_end(&mut InMemory::new()).unwrap();
    let end = trainer.session().store();
    assert_eq!(end.nnz(), trained.store.nnz());
    assert_ne!(end.patterns(), trained.store.patterns(), "it moved");
}

#[test]
fn a_rewound_run_trains_and_counts_only_what_is_left_of_its_schedule() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = trained(folder.path());
    let run = |rewind_epoch| {
        let weights_from = Some(path.clone());
        let recipe = Recipe { weights_from, rewind_epoch, epochs: 3, threads: Some(1), ..recipe() };
        let (mut trainer, mut keeper) = (Trainer::new(setup(recipe)).unwrap(), InMemory::new());
        let summary = trainer.run_to_end(&mut keeper).unwrap();
        let epochs: Vec<u32> =
            rarefy_train::Keeper::records(&keeper).iter().map(|record| record.epoch).collect();
        (epochs, summary.train_flops, trainer.session().steps())
    };
    let ((whole, whole_flops, steps), (rest, rest_flops, rest_steps)) = (run(None), run(Some(2)));
    assert_eq!((whole, rest), (vec![1, 2, 3], vec![3]));
    assert_eq!(rest_steps, steps);
    assert!((rest_flops * 3.0 / whole_flops - 1.0).abs() < 1e-12, "{rest_flops} of {whole_flops}");
}

#[test]
fn pruning_keeps_the_largest_weights_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let (_, trained) = trained(folder.path());
    let total = trained.graph.prunable_len();
    for scope in [PruneScope::Global, PruneScope::Layer] {
        let mut store = trained.store.clone();
        store.column_mut(Column::Momentum).fill(1.0);
        prune(&mut store, density(0.1), scope).unwrap();
        assert!(store.column(Column::Momentum).iter().all(|&momentum| momentum == 0.0));
        let (mut least, mut largest) = (vec![], vec![]);
        for (view, of) in store.views().iter().enumerate() {
            let (before, after) =
                (trained.store.to_dense(view, Column::Value), store.to_dense(view, Column::Value));
            let kept = |kept: bool| {
                let pairs = before.iter().zip(&after);
                pairs.filter(move |(_, after)| (**after != 0.0) == kept).map(|(before, _)| before.abs())
            };
            assert!(before.iter().zip(&after).all(|(a, b)| *b == 0.0 || a.to_bits() == b.to_bits()));
            let Some(pattern) = of.pattern else {
                assert_eq!(before, after);
                continue;
            };
            assert!(store.patterns()[pattern].nnz() > 0);
            least.push(kept(true).fold(f32::INFINITY, f32::min));
            largest.push(kept(false).fold(0.0, f32::max));
            if scope == PruneScope::Layer {
                let own = trained.store.patterns()[pattern].nnz();
                let wanted = (0.1 * before.len() as f64).round() as usize;
                assert_eq!(store.patterns()[pattern].nnz(), wanted.clamp(1, own), "{}", of.parameter.name);
            }
        }
        match scope {
            PruneScope::Global => {
                assert_eq!(store.nnz(), density(0.1).budget(total));
                let (least, largest) =
                    (least.iter().copied().fold(9.0, f32::min), largest.iter().copied().fold(0.0, f32::max));
                assert!(least >= largest, "{least} stayed, {largest} went");
            }
            PruneScope::Layer => assert!(least.iter().zip(&largest).all(|(least, largest)| least >= largest)),
        }
    }
}

#[test]
fn no_layer_is_pruned_to_nothing_and_nothing_grows() {
    let folder = tempfile::tempdir().unwrap();
    let (_, trained) = trained(folder.path());
    let mut store = trained.store.clone();
    prune(&mut store, density(1e-4), PruneScope::Global).unwrap();
    assert!(store.patterns().iter().all(|pattern| pattern.nnz() >= 1));
    let mut store = trained.store.clone();
    let error = prune(&mut store, density(0.5), PruneScope::Layer).unwrap_err();
    assert!(matches!(error, TrainError::Recipe(_)) && error.to_string().contains("`density`"), "{error}");
    assert_eq!(store, trained.store);
}

#[test]
fn the_matched_dense_network_has_the_nearest_cost_of_all_widths() {
    for (by, density_of) in [
        (MatchName::Params, 0.05),
        (MatchName::Params, 0.3),
        (MatchName::Params, 1.0),
        (MatchName::Flops, 0.05),
        (MatchName::Flops, 0.5),
    ] {
        let recipe = Recipe {
            model: "cifar_resnet_8".into(),
            density: density(density_of),
            match_dense: Some(by),
            ..recipe()
        };
        let sparse = setup(Recipe { match_dense: None, ..recipe.clone() });
        let counts = rarefy_train::accounting::Counts::new(&sparse.graph, sparse.store.patterns());
        let (dense, matched) = recipe.clone().matched().unwrap();
        let matched = matched.unwrap();
        assert!(dense.density.is_dense() && dense.match_dense.is_none() && dense.model == matched.dense);
        let cost = |width: usize| {
            let model = format!("cifar_resnet_8_{width}");
            let dense = setup(Recipe { model, density: Density::DENSE, match_dense: None, ..recipe.clone() });
            let counts = rarefy_train::accounting::Counts::new(&dense.graph, dense.store.patterns());
            if by == MatchName::Params { counts.nnz } else { 2 * counts.macs_sparse }
        };
        let wanted = if by == MatchName::Params { counts.nnz } else { 2 * counts.macs_sparse };
        assert_eq!(matched.wanted, wanted);
        let nearest = (1..=17).map(cost).min_by_key(|cost| cost.abs_diff(wanted)).unwrap();
        assert_eq!(matched.found, nearest, "{matched:?}");
        assert_eq!(setup(recipe).graph.name(), matched.dense);
    }
    let moving = Recipe { method: "rigl".parse().unwrap(), match_dense: Some(MatchName::Params), ..recipe() };
    assert_eq!(moving.matched().unwrap().0.method, Method::STATIC, "nothing moves in a dense network");
    let snip = Recipe { sparse_init: "snip".into(), match_dense: Some(MatchName::Flops), ..recipe() };
    assert!(snip.matched().unwrap().1.is_some(), "its sparse network is measured on the data");
    let vgg = Recipe {
        model: "vgg11".into(),
        data: "digits".into(),
        match_dense: Some(MatchName::Params),
        ..recipe()
    };
    let error = Setup::from_recipe(vgg).err().unwrap();
    assert_eq!(error.fault(), Fault::Usage, "{error}");
}
