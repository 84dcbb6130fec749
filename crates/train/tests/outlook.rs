//! What is said of a run before its first step, and what it came to.

use rarefy_core::Density;
use rarefy_nn::graph::Effective;
use rarefy_train::{InMemory, Keeper, Method, Outlook, Recipe, Setup, Trainer};

fn recipe(method: &str, density: f64, epochs: u32) -> Recipe {
    Recipe {
        model: "cifar_resnet_8_4".into(),
        method: method.parse().unwrap(),
        density: Density::new(density).unwrap(),
        epochs,
        threads: Some(1),
        ..Recipe::default()
    }
}

fn trainer(recipe: Recipe) -> Trainer {
    Trainer::new(Setup::from_recipe(recipe).unwrap()).unwrap()
}

#[test]
fn a_moving_method_that_never_moves_is_told_before_training() {
    // 2 epochs of 20 steps, an update every 100.
    let Outlook { updates_planned, warnings } = trainer(recipe("rigl", 0.05, 2)).outlook();
    assert_eq!(updates_planned, Some(0));
    assert!(
        warnings[0].contains("rigl never moves the pattern in this run, which trains as static"),
        "{warnings:?}"
    );
    let shorter = warnings[0].split("--update-every ").nth(1).unwrap();
    let shorter: u64 = shorter.split(' ').next().unwrap().parse().unwrap();
    let mut followed = recipe("rigl", 0.05, 2);
    followed.dynamic.update_every = Some(shorter);
    let outlook = trainer(followed).outlook();
    assert!(outlook.updates_planned.unwrap() >= 5 && outlook.warnings.is_empty(), "{outlook:?}");
}

#[test]
fn a_ramp_of_the_density_that_is_a_step_is_told_before_training() {
    // 40 epochs of 20 steps, an update every 1000 and one at the end of the ramp.
    let Outlook { updates_planned, warnings } = trainer(recipe("granet", 0.05, 40)).outlook();
    assert_eq!(updates_planned, Some(1));
    assert!(warnings[0].contains("granet goes from density 0.5 to 0.05 in 1 update:"), "{warnings:?}");
}

#[test]
fn a_run_as_it_is_meant_has_no_warnings_whatever_the_method() {
    for method in Method::all() {
        let mut recipe = recipe(method.name(), 0.1, 40);
        if method.preset().dynamic && method.name() != "ac_dc" {
            recipe.dynamic.update_every = Some(10);
        }
        let outlook = trainer(recipe).outlook();
        assert_eq!(outlook.warnings, Vec::<String>::new(), "{method}");
        assert_eq!(outlook.updates_planned.is_some(), method.preset().dynamic, "{method}");
    }
}

#[test]
fn a_network_without_a_path_is_told_with_a_density_that_connects_it() {
    let poor = recipe("static", 0.004, 3);
    let warnings = trainer(poor.clone()).outlook().warnings;
    assert!(warnings[0].starts_with("no weight is on a path from the image to the logits"), "{warnings:?}");
    let text = warnings[0].split("density ").nth(1).unwrap();
    let density = Density::new(text.split(' ').next().unwrap().parse().unwrap()).unwrap();
    assert!(density.get() > poor.density.get() && density.get() < 0.1, "{density:?}");
    let mut connected = trainer(Recipe { density, ..poor });
    assert!(connected.outlook().warnings.is_empty());
    let session = connected.session();
    assert!(Effective::new(session.graph(), session.store().patterns()).nnz() > 0);
}

#[test]
fn the_summary_says_what_was_trained_and_how_the_pattern_moved() {
    let mut recipe = recipe("rigl", 0.2, 3);
    recipe.dynamic.update_every = Some(7);
    recipe.mask_seed = Some(5);
    let mut keeper = InMemory::new();
    let mut trainer = trainer(recipe);
    let planned = trainer.outlook().updates_planned.unwrap();
    let summary = trainer.run_to_end(&mut keeper).unwrap();
    let movement = summary.movement.unwrap();
    let records = keeper.records();
    let updates: Vec<_> =
        records.iter().flat_map(|record| record.dynamic.as_ref().unwrap().updates.clone()).collect();
    assert_eq!((movement.updates_planned, movement.updates), (planned, updates.len() as u64));
    assert!(planned >= 5);
    assert_eq!(movement.exchanged, updates.iter().map(|update| update.grown).sum::<u64>());
    assert!(movement.exchanged > 0);
    assert_eq!(movement.explored, records.last().unwrap().dynamic.as_ref().unwrap().explored);
    assert_eq!((summary.model.as_str(), summary.data.as_str()), ("cifar_resnet_8_4", "digits"));
    assert_eq!((summary.method.as_str(), summary.sparse_init.as_str()), ("rigl", "erk"));
    let seeds = summary.seeds.unwrap();
    assert_eq!((seeds.mask, seeds.init, seeds.data), (5, 1, 1));
}
