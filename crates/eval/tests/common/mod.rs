//! A network trained on digits, once a test program.

use rarefy_core::Density;
use rarefy_data::Dataset;
use rarefy_eval::Classifier;
use rarefy_train::{InMemory, Recipe, Setup, Trainer};
use std::sync::Arc;

/// Some epochs of a small network; its data.
pub(crate) fn trained() -> (Classifier, Arc<dyn Dataset>) {
    let recipe = Recipe {
        model: "cifar_resnet_8_8".to_owned(),
        density: Density::new(0.5).unwrap(),
        epochs: 12,
        threads: Some(1),
        ..Recipe::default()
    };
    let setup = Setup::from_recipe(recipe).unwrap();
    let (dataset, graph) = (Arc::clone(&setup.dataset), setup.graph.clone());
    let mut trainer = Trainer::new(setup).unwrap();
    let summary = trainer.run_to_end(&mut InMemory::new()).unwrap();
    assert!(summary.test_acc_last.unwrap() > 0.95, "{summary:?}");
    let store = trainer.session().store().clone();
    (Classifier::new(graph, store, dataset.normalization(), 64, 1).unwrap(), dataset)
}
