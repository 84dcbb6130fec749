//! A network trained on digits, once a test program.

use rarefy_core::Density;
use rarefy_data::Dataset;
use rarefy_eval::Classifier;
use rarefy_nn::graph::Graph;
use rarefy_nn::params::ParamStore;
use rarefy_train::{InMemory, Recipe, Setup, Trainer};
use std::sync::Arc;

/// A trained network and its data.
pub(crate) struct Trained {
    graph: Graph,
    store: ParamStore,
    pub(crate) dataset: Arc<dyn Dataset>,
}

impl Trained {
    /// The network, ready for evaluation: every call gives an equal one.
    pub(crate) fn classifier(&self) -> Classifier {
        let constants = self.dataset.normalization();
        Classifier::new(self.graph.clone(), self.store.clone(), constants, 64, 1).unwrap()
    }
}

/// Some epochs of a small network.
pub(crate) fn trained() -> Trained {
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
    Trained { graph, store: trainer.session().store().clone(), dataset }
}
