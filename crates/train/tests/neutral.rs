//! Settings that are called neutral change no bit of the result: not a weight, not a metric.

use rarefy_core::Density;
use rarefy_train::{EpochRecord, InMemory, Keeper, OptimizerName, Recipe, Setup, Trainer};

/// Last and best checkpoint, metrics and test results: everything but times.
type Kept = (Vec<u8>, Vec<u8>, Vec<EpochRecord>, [Option<f64>; 3]);

fn train(recipe: Recipe) -> Kept {
    let mut keeper = InMemory::new();
    let summary = Trainer::new(Setup::from_recipe(recipe).unwrap()).unwrap().run_to_end(&mut keeper).unwrap();
    let bytes = |checkpoint: Option<&rarefy_formats::Checkpoint>| checkpoint.unwrap().to_bytes().unwrap();
    let timeless = |record: &EpochRecord| EpochRecord { seconds: 0.0, images_per_sec: 0.0, ..record.clone() };
    (
        bytes(keeper.last()),
        bytes(keeper.best()),
        keeper.records().iter().map(timeless).collect(),
        [summary.test_acc, summary.test_acc_last, summary.test_loss],
    )
}

/// Every neutral key, set to something else than its default.
fn variations() -> Vec<(&'static str, Vec<Recipe>)> {
    let base = Recipe::default;
    vec![
        ("data_dir", vec![Recipe { data_dir: Some("elsewhere".into()), ..base() }]),
        ("threads", [1, 2, 3].map(|threads| Recipe { threads: Some(threads), ..base() }).to_vec()),
        (
            "test_batch_size",
            // Smaller and larger than a training batch, and no multiple of the lanes.
            [7, 500].map(|size| Recipe { test_batch_size: Some(size), ..base() }).to_vec(),
        ),
        ("checkpoint_every", vec![Recipe { checkpoint_every: Some(3), ..base() }]),
        ("log_gradient_flow", vec![Recipe { log_gradient_flow: Some(2), ..base() }]),
        ("out", vec![Recipe { out: Some("elsewhere".into()), ..base() }]),
    ]
}

#[test]
fn every_neutral_key_is_varied() {
    let varied: Vec<_> = variations().iter().map(|(key, _)| *key).collect();
    assert_eq!(varied, Recipe::NEUTRAL);
    for (key, recipes) in variations() {
        let base = serde_json::to_value(Recipe::default()).unwrap();
        for recipe in recipes {
            // `out` is never written.
            let differs = key == "out" || serde_json::to_value(&recipe).unwrap()[key] != base[key];
            assert!(differs, "{key}");
            assert_eq!(Recipe::default().identity().difference(&recipe.identity()), None, "{key}");
        }
    }
}

#[test]
fn neutral_keys_change_no_bit_whatever_the_training_method_and_the_optimizer() {
    for (method, optimizer) in
        [("static", "sgd"), ("rigl", "sgd"), ("snfs", "sgd"), ("granet", "adam"), ("static", "adam")]
    {
        let settle = |recipe: Recipe| {
            let mut recipe = Recipe {
                model: "cifar_resnet_8_4".into(),
                density: Density::new(0.2).unwrap(),
                method: method.parse().unwrap(),
                optimizer: optimizer.parse().unwrap(),
                epochs: 2,
                ..recipe
            };
            if recipe.method.preset().dynamic {
                recipe.dynamic.update_every = Some(6);
            }
            if recipe.optimizer == OptimizerName::Adam {
                recipe.lr = 0.001;
            }
            recipe
        };
        let expected = train(settle(Recipe { threads: Some(1), ..Recipe::default() }));
        for (key, recipes) in variations() {
            for recipe in recipes {
                assert!(train(settle(recipe)) == expected, "{key} changes {method} with {optimizer}");
            }
        }
    }
}
