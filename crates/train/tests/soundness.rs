//! What is kept is of use: no checkpoint whose network gives no finite logits, whenever it would have been
//! written.

use rarefy_core::Extent;
use rarefy_data::{DataError, Dataset, Draw, Normalization, Split, datasets::Digits};
use rarefy_formats::Checkpoint;
use rarefy_nn::{Session, SessionOptions};
use rarefy_train::{
    EpochRecord, Fault, InMemory, Observer, Outcome, Recipe, Requests, Setup, StepReport, TrainError,
    Trainer, build_model, draw_patterns,
};
use std::sync::Arc;

/// The digits without validation.
struct Unvalidated(Arc<Digits>);

impl Dataset for Unvalidated {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn extent(&self) -> Extent {
        self.0.extent()
    }

    fn classes(&self) -> usize {
        self.0.classes()
    }

    fn len(&self, split: Split) -> usize {
        if split == Split::Validation { 0 } else { self.0.len(split) }
    }

    fn normalization(&self) -> Normalization {
        self.0.normalization()
    }

    fn sample(
        &self,
        split: Split,
        index: u32,
        draw: Option<Draw>,
        image: &mut [f32],
    ) -> Result<u32, DataError> {
        self.0.sample(split, index, draw, image)
    }
}

/// After one step at this rate weights are finite, and so are the statistics of the next batch; what evaluation
/// makes of them is not.
const RATE: f64 = 1e10;

fn recipe(lr: f64) -> Recipe {
    Recipe { model: "cifar_resnet_8_4".into(), epochs: 2, threads: Some(1), lr, ..Recipe::default() }
}

fn trainer(recipe: Recipe, dataset: Arc<dyn Dataset>) -> Trainer {
    let graph = build_model(&recipe.model, dataset.extent(), dataset.classes()).unwrap();
    let patterns = draw_patterns(&graph, &recipe).unwrap().patterns;
    Trainer::new(Setup::new(recipe, graph, patterns, dataset).unwrap()).unwrap()
}

/// Stops after a step, or asks to save there.
struct At(u64, fn(&Requests), Requests);

impl Observer for At {
    fn stepped(&mut self, step: &StepReport) {
        if step.step == self.0 {
            (self.1)(&self.2);
        }
    }
}

/// Evaluates a network on the first test images.
fn evaluates(checkpoint: &Checkpoint) -> bool {
    let (dataset, recipe) = (Digits::shared().unwrap(), recipe(0.1));
    let graph = build_model(&recipe.model, dataset.extent(), dataset.classes()).unwrap();
    let options = SessionOptions { max_batch: 40, threads: 1, optimizer: recipe.optimizer() };
    let mut session = Session::new(graph, checkpoint.store.clone(), options).unwrap();
    let mut images = vec![0.0; 40 * dataset.extent().len()];
    let labels: Vec<u32> = (0u32..)
        .zip(images.chunks_exact_mut(dataset.extent().len()))
        .map(|(index, image)| dataset.sample(Split::Test, index, None, image).unwrap())
        .collect();
    session.evaluate(&images, &labels).is_ok()
}

#[test]
fn positions_within_an_epoch_are_kept_only_of_networks_that_evaluate() {
    let recipe = Recipe { checkpoint_every: Some(1), ..recipe(RATE) };
    let mut keeper = InMemory::new();
    let error = trainer(recipe, Digits::shared().unwrap()).run_to_end(&mut keeper).unwrap_err();
    assert_eq!(error.fault(), Fault::Numerical, "{error}");
    assert!(keeper.last().is_none_or(evaluates), "step {:?}", keeper.last().map(|last| last.meta.step));
}

#[test]
fn a_position_is_not_kept_on_request_if_its_network_does_not_evaluate() {
    for ask in [Requests::stop, Requests::save] {
        let mut trainer = trainer(recipe(RATE), Digits::shared().unwrap());
        let (mut keeper, requests) = (InMemory::new(), Requests::new());
        let mut observer = At(1, ask, requests.clone());
        let error = trainer.run(&mut keeper, &mut observer, &requests).unwrap_err();
        let TrainError::NonFinite { place, .. } = &error else { panic!("{error:?}") };
        assert!(!place.contains("loss"), "it names a place: {error}");
        assert!(keeper.last().is_none());
    }
}

#[test]
fn without_validation_an_epoch_is_kept_only_of_a_network_that_evaluates() {
    // One step an epoch: nothing but the check looks at its result.
    let recipe = Recipe { batch_size: 1257, ..recipe(RATE) };
    let mut keeper = InMemory::new();
    let dataset = Arc::new(Unvalidated(Digits::shared().unwrap()));
    let error = trainer(recipe, dataset).run_to_end(&mut keeper).unwrap_err();
    let TrainError::NonFinite { step: 1, epoch: 1, place } = &error else { panic!("{error:?}") };
    assert!(place.starts_with("the output of") || place.starts_with("a statistic of"), "{error}");
    assert!(keeper.last().is_none());
}

#[test]
fn looking_at_what_is_kept_changes_no_bit() {
    let result = |recipe: Recipe, dataset: Arc<dyn Dataset>| {
        let mut keeper = InMemory::new();
        trainer(recipe, dataset).run_to_end(&mut keeper).unwrap();
        let timeless =
            |record: &EpochRecord| EpochRecord { seconds: 0.0, images_per_sec: 0.0, ..record.clone() };
        let records: Vec<EpochRecord> = rarefy_train::Keeper::records(&keeper).iter().map(timeless).collect();
        (keeper.last().unwrap().to_bytes().unwrap(), records)
    };
    let often = Recipe { checkpoint_every: Some(1), ..recipe(0.1) };
    let digits = || Digits::shared().unwrap();
    assert!(result(often.clone(), digits()) == result(recipe(0.1), digits()));
    let unvalidated = || Arc::new(Unvalidated(digits()));
    assert!(result(often, unvalidated()) == result(recipe(0.1), unvalidated()));
}

#[test]
fn a_sound_run_that_is_asked_to_stop_is_kept_and_says_so() {
    let mut trainer = trainer(recipe(0.1), Digits::shared().unwrap());
    let (mut keeper, requests) = (InMemory::new(), Requests::new());
    let outcome = trainer.run(&mut keeper, &mut At(5, Requests::stop, requests.clone()), &requests).unwrap();
    assert_eq!(outcome, Outcome::Interrupted { step: 5 });
    assert!(evaluates(keeper.last().unwrap()));
}
