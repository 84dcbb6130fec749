//! Recipes: complete, re-runnable, refused when anything in them is wrong.

use rarefy_core::Density;
use rarefy_data::Constants;
use rarefy_train::{
    BudgetName, DynamicOptions, LrScheduleName, MaskSamplingName, OptimizerName, Recipe, RecipeError, Scaled,
};

fn full() -> Recipe {
    Recipe {
        data_dir: Some("data".into()),
        valid_split: Some(0.05),
        split_seed: Some(4),
        normalization: Constants::Published,
        pad_to_32: true,
        lr_schedule: LrScheduleName::MULTISTEP,
        milestones: Some(vec![3, 7]),
        extended_from: vec![9, 20],
        density: Density::new(0.017).unwrap(),
        optimizer: OptimizerName::Adam,
        pattern: "block:4x2".parse().unwrap(),
        erk_power: Some(0.5),
        fc_density: Some(Density::new(0.9).unwrap()),
        keep_dense: Some("first,^fc".parse().unwrap()),
        budget: Some(BudgetName::Pruned),
        mask_sampling: Some(MaskSamplingName::Bernoulli),
        saliency_mask: Some(true),
        saliency_rounds: Some(20),
        samples_per_class: Some(25),
        min_per_layer: Some(3),
        layer_densities: Some([("*".to_owned(), 0.1)].into()),
        mask_from: Some("runs/a".into()),
        shuffle_mask: true,
        reinit: true,
        weights_from: None,
        scaled: Some(Scaled::Neuron),
        multiplier: 2,
        test_batch_size: Some(100),
        accumulate: 3,
        norm_batch: Some(16),
        lr: 0.1 + 0.2,
        seed: 7,
        mask_seed: Some(1),
        init_seed: Some(2),
        data_seed: Some(i64::MAX as u64),
        threads: Some(3),
        checkpoint_every: Some(11),
        log_gradient_flow: Some(7),
        method: "rigl".parse().unwrap(),
        dynamic: DynamicOptions { drop: Some("set".into()), update_every: Some(5), ..Default::default() },
        ..Recipe::default()
    }
}

#[test]
fn a_recipe_survives_its_file() {
    for recipe in [Recipe::default(), full()] {
        let text = recipe.to_toml().unwrap();
        assert_eq!(Recipe::from_toml(&text).unwrap(), recipe, "{text}");
    }
}

#[test]
fn the_folder_of_a_run_is_not_part_of_its_file() {
    let recipe = Recipe { out: Some("runs/a".into()), ..Recipe::default() };
    assert_eq!(Recipe::from_toml(&recipe.to_toml().unwrap()).unwrap(), Recipe::default());
    let read = Recipe::from_toml("out = \"runs/b\"").unwrap();
    assert_eq!(read.out.as_deref(), Some(std::path::Path::new("runs/b")));
}

#[test]
fn keys_left_out_have_their_default() {
    assert_eq!(Recipe::from_toml("").unwrap(), Recipe::default());
    assert_eq!(Recipe::from_toml("epochs = 3").unwrap(), Recipe { epochs: 3, ..Recipe::default() });
}

#[test]
fn every_written_key_is_known() {
    let text = full().to_toml().unwrap();
    let written: toml::Table = text.parse().unwrap();
    // All but `out`, which is never written, `weights_from`, `rewind_epoch` and `match`, which exclude others.
    assert_eq!(written.len() + 4, Recipe::keys().len());
    assert!(written.keys().all(|key| Recipe::keys().contains(&key.as_str())));
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    let error = Recipe::from_toml("epocs = 3").unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, RecipeError::Key(_)));
    assert!(text.starts_with("unknown recipe key `epocs`, did you mean `epochs`?"), "{text}");
    assert!(Recipe::from_toml("[run]\nepochs = 3").is_err());
}

#[test]
fn each_value_out_of_range_is_an_error_that_names_its_key() {
    for (line, key) in [
        ("density = 0", "density"),
        ("density = -1.0", "density"),
        ("density = 1.5", "density"),
        ("density = nan", "density"),
        ("valid_split = 1.0", "valid_split"),
        ("valid_split = -0.1", "valid_split"),
        ("valid_split = nan", "valid_split"),
        ("split_seed = 9223372036854775808", "split_seed"),
        ("epochs = 0", "epochs"),
        ("epochs = -1", "epochs"),
        ("batch_size = 0", "batch_size"),
        ("test_batch_size = 0", "test_batch_size"),
        ("accumulate = 0", "accumulate"),
        ("accumulate = 20000", "accumulate"),
        ("norm_batch = 0", "norm_batch"),
        ("norm_batch = 65", "norm_batch"),
        ("multiplier = 0", "multiplier"),
        ("multiplier = 500000", "multiplier"),
        ("lr = 0.0", "lr"),
        ("lr = inf", "lr"),
        ("lr = nan", "lr"),
        ("momentum = 1.0", "momentum"),
        ("momentum = 0.0", "nesterov"),
        ("weight_decay = -1e-4", "weight_decay"),
        ("warmup = 1000", "warmup"),
        ("threads = 0", "threads"),
        ("checkpoint_every = 0", "checkpoint_every"),
        ("log_gradient_flow = 0", "log_gradient_flow"),
        ("milestones = [1, 2]\nlr_schedule = \"cosine\"", "milestones"),
        ("milestones = [2, 2]\nlr_schedule = \"multistep\"", "milestones"),
        ("pattern = \"block:0x2\"", "pattern"),
        ("pattern = \"block:4\"", "pattern"),
        ("optimizer = \"sdg\"", "sgd"),
        ("lr_schedule = \"cosin\"", "cosine"),
        ("scaled = \"layr\"", "layer"),
        ("method = \"statik\"", "static"),
        ("seed = -1", "seed"),
        ("model = 3", "model"),
        ("density", "expected"),
    ] {
        let text = Recipe::from_toml(line).expect_err(line).to_string();
        assert!(text.contains(key), "{line}: {text}");
    }
    let seed = Recipe { mask_seed: Some(u64::MAX), ..Recipe::default() };
    assert!(seed.check().unwrap_err().to_string().contains("mask_seed"));
}

#[test]
fn a_broken_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.toml");
    assert!(Recipe::load(&path).unwrap_err().to_string().contains("r.toml"));
    std::fs::write(&path, "epochs = 0").unwrap();
    let text = Recipe::load(&path).unwrap_err().to_string();
    assert!(text.contains("r.toml") && text.contains("`epochs`"), "{text}");
}

#[test]
fn what_does_not_change_the_result_is_no_part_of_the_identity() {
    let here = Recipe::default();
    let there = Recipe {
        data_dir: Some("elsewhere".into()),
        threads: Some(9),
        checkpoint_every: Some(5),
        log_gradient_flow: Some(2),
        out: Some("x".into()),
        test_batch_size: Some(here.batch_size),
        norm_batch: Some(here.batch_size),
        // The default seeds, spelled out.
        mask_seed: Some(here.seed),
        init_seed: Some(here.seed),
        data_seed: Some(here.seed),
        ..here.clone()
    };
    assert_eq!(here.identity().difference(&there.identity()), None);
    assert_eq!(full().identity().to_recipe().unwrap().identity(), full().identity());
}

#[test]
fn what_changes_the_result_is_a_difference_of_identities() {
    let base = Recipe::default();
    let lr = Recipe { lr: base.lr * (1.0 + f64::EPSILON), ..base.clone() };
    assert_eq!(base.identity().difference(&lr.identity()).unwrap().key, "lr");
    let seed = Recipe { seed: 2, ..base.clone() };
    assert_eq!(base.identity().difference(&seed.identity()).unwrap().key, "mask_seed");
    let schedule = Recipe { lr_schedule: LrScheduleName::MULTISTEP, ..base.clone() };
    assert_eq!(base.identity().difference(&schedule.identity()).unwrap().key, "lr_schedule");
    let groups = Recipe { norm_batch: Some(32), ..base.clone() };
    assert_eq!(base.identity().difference(&groups.identity()).unwrap().key, "norm_batch");
    let accumulate = Recipe { accumulate: 2, ..base.clone() };
    assert_eq!(base.identity().difference(&accumulate.identity()).unwrap().key, "accumulate");
}

#[test]
fn multistep_milestones_follow_the_epochs_unless_given() {
    let recipe = Recipe { epochs: 160, ..Recipe::default() };
    assert_eq!(recipe.milestones(), [80, 120]);
    assert_eq!(full().milestones(), [6, 14]);
    let schedule = full().lr_schedule().unwrap();
    assert_eq!([5, 6, 14].map(|epoch| schedule.lr(1.0, epoch)).map(|lr| (lr * 1e6).round()), [1e6, 1e5, 1e4]);
}

#[test]
fn the_multiplier_scales_epochs_and_rounded_milestones() {
    let recipe = Recipe { epochs: 7, multiplier: 3, ..Recipe::default() };
    assert_eq!(recipe.total_epochs(), 21);
    assert_eq!(recipe.milestones(), [9, 15]);
}

#[test]
fn keys_left_out_have_the_default_of_the_data_set() {
    let cifar = Recipe::from_toml("data = \"CIFAR10\"\nlr = 0.2").unwrap();
    let expected = Recipe {
        data: "CIFAR10".to_owned(),
        model: "cifar_resnet_20".to_owned(),
        epochs: 160,
        batch_size: 128,
        lr: 0.2,
        lr_schedule: LrScheduleName::MULTISTEP,
        ..Recipe::default()
    };
    assert_eq!(cifar, expected);
    assert_eq!(cifar.milestones(), [80, 120]);
    assert_eq!(Recipe::for_data("Digits"), Recipe::default());
    assert_eq!(Recipe::from_toml("data = \"digits\"").unwrap(), Recipe::default());
}

#[test]
fn runs_of_any_length_come_back_from_their_identity() {
    for (epochs, multiplier) in [(1, 1), (2, 1), (2, 3), (3, 1), (7, 3), (160, 1)] {
        let lr_schedule = LrScheduleName::MULTISTEP;
        let recipe = Recipe { epochs, multiplier, lr_schedule, ..Recipe::default() };
        let back = recipe.identity().to_recipe().unwrap();
        assert_eq!(back.milestones(), recipe.milestones());
        assert_eq!(back.identity(), recipe.identity());
    }
}

#[test]
fn messages_show_values_as_people_write_them() {
    let broken = [
        "[dynamic]\ndrop_fraction = 1.5",
        "[dynamic]\ndensity_phase = 0.0001",
        "[dynamic]\nmest_lambda = -1.0",
        "[dynamic]\nupdate_every = 0",
        "scaled = \"layer\"\nweights_from = \"a\"",
        "match = \"params\"\nmask_from = \"a\"",
    ];
    for (text, found) in broken.into_iter().zip(["1.5", "0.0001", "-1", "0", "layer", "params"]) {
        let method = if text.contains("dynamic") { "method = \"mest\"\n" } else { "" };
        let message = Recipe::from_toml(&format!("{method}{text}")).unwrap_err().to_string();
        assert!(message.ends_with(&format!("found {found}")), "{message}");
    }
    let seed = Recipe { mask_seed: Some(u64::MAX), ..Recipe::default() };
    let message = seed.check().unwrap_err().to_string();
    assert!(message.ends_with(&format!("found {}", u64::MAX)), "{message}");
}
