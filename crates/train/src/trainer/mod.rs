//! The training loop.

mod epoch;
mod extension;
mod finish;
mod outlook;
mod position;
mod resume;
mod soundness;
mod stages;

pub use extension::Extension;
pub use outlook::Outlook;

use crate::accounting::Counts;
use crate::dynamic::Dynamic;
use crate::error::TrainError;
use crate::keeper::Keeper;
use crate::metrics::Summary;
use crate::observer::{Observer, RunStart};
use crate::progress::{Progress, State};
use crate::recipe::{Identity, Recipe};
use crate::requests::Requests;
use crate::setup::Setup;
use rarefy_data::{Dataset, Loader, Pass, Split};
use rarefy_formats::{Checkpoint, DataInfo, Extras, Meta};
use rarefy_nn::{Interrupt, Session, SessionOptions};
use stages::Stages;
use std::sync::Arc;

/// Trains one network. A pure function of its [`Setup`]: neither threads, nor timing, nor being stopped and resumed
/// changes a bit of the result.
pub struct Trainer {
    recipe: Recipe,
    identity: Identity,
    dataset: Arc<dyn Dataset>,
    counts: Counts,
    stages: Stages,
    session: Session,
    train: Loader,
    validation: Option<Loader>,
    progress: Progress,
    /// How the pattern moves, if it does.
    dynamic: Option<Dynamic>,
    /// Operations of all steps so far, if the pattern moves.
    flops: f64,
    /// Stands at a checkpoint from which no step has been done yet.
    resumed: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// All epochs are done.
    Finished(Box<Summary>),
    /// It was asked to stop and can be resumed.
    Interrupted {
        /// Steps done and kept.
        step: u64,
    },
}

impl Trainer {
    /// Compiles the network and opens the data.
    ///
    /// # Errors
    /// A recipe out of range, data without training samples, no threads.
    pub fn new(setup: Setup) -> Result<Self, TrainError> {
        let Setup { recipe, graph, store, dataset } = setup;
        recipe.check()?;
        if dataset.is_empty(Split::Train) {
            return Err(TrainError::NoSamples { data: dataset.name().to_owned() });
        }
        let samples = recipe.step_samples();
        let largest = Split::ALL.map(|split| dataset.len(split)).into_iter().max().unwrap_or(0);
        let options = SessionOptions {
            max_batch: samples.min(largest),
            threads: recipe.threads(),
            optimizer: recipe.optimizer(),
        };
        let train = Loader::new(Arc::clone(&dataset), Pass::Train { seed: recipe.data_seed() }, samples)?;
        let most = recipe.group_samples().unwrap_or(options.max_batch);
        let validation = loader(&dataset, Split::Validation, recipe.test_batch_size())?;
        let stages = Stages::new(&recipe, train.batches() as u64)?;
        // The first stage is never sparser than a later one, so that its room is enough for all.
        let settings = stages.of(0).settings;
        let mut session = Session::in_groups(graph, store, options, most).map_err(TrainError::Session)?;
        session.reserve_evaluation(recipe.test_batch_size().min(largest)).map_err(TrainError::Session)?;
        let mut dynamic = match settings {
            Some(settings) => Some(Dynamic::new(settings, recipe.mask_seed(), &mut session)?),
            None => None,
        };
        if let (Some(dynamic), Some(_)) = (&mut dynamic, &recipe.mask_from) {
            // The mask that the run started with is that of the density, also when the run goes on with a later one.
            dynamic.set_first(recipe.density.budget(session.graph().prunable_len()));
        }
        let counts = Counts::new(session.graph(), session.store().patterns());
        let mut trainer = Self {
            identity: recipe.identity(),
            stages,
            session,
            dynamic,
            flops: 0.0,
            resumed: false,
            progress: Progress::default(),
            recipe,
            dataset,
            counts,
            train,
            validation,
        };
        // The schedule goes on after the epoch that the weights are of.
        if let Some(epoch) = trainer.recipe.rewind_epoch {
            let step = u64::from(epoch) * trainer.train.batches() as u64;
            let store = trainer.session.store().try_clone()?;
            trainer.session.restore(store, step).map_err(TrainError::Session)?;
            trainer.progress = Progress { epoch, step, ..Progress::default() };
        }
        Ok(trainer)
    }

    /// Trains to the end of the recipe, or until `requests` ask to stop: a step or an evaluation under way is
    /// then given up, and the position before it kept.
    ///
    /// # Errors
    /// Files that cannot be written, data that cannot be read, and [`TrainError::NonFinite`]; what was kept before stays.
    pub fn run(
        &mut self,
        keeper: &mut dyn Keeper,
        observer: &mut dyn Observer,
        requests: &Requests,
    ) -> Result<Outcome, TrainError> {
        let _listening = requests.listen();
        self.session.heed(requests.interrupt());
        let ended = self.run_heeding(keeper, observer, requests);
        self.session.heed(Interrupt::new());
        ended
    }

    fn run_heeding(
        &mut self,
        keeper: &mut dyn Keeper,
        observer: &mut dyn Observer,
        requests: &Requests,
    ) -> Result<Outcome, TrainError> {
        if self.resumed {
            self.go_on(keeper)?;
        }
        observer.started(&RunStart {
            model: self.session.graph().name(),
            counts: &self.counts,
            samples: self.train.samples(),
            steps_per_epoch: self.train.batches() as u64,
            epochs: self.recipe.total_epochs(),
            steps_done: self.progress.step,
        });
        while self.progress.epoch < self.recipe.total_epochs() {
            match self.epoch(keeper, observer, requests) {
                Err(TrainError::Interrupted) => {
                    // What is done from here on is no work that could be left out.
                    self.session.heed(Interrupt::new());
                    self.check_sound()?;
                    self.save_last(keeper)?;
                    return Ok(Outcome::Interrupted { step: self.progress.step });
                }
                ended => ended?,
            }
        }
        match self.finish(keeper) {
            // The last epoch is kept.
            Err(TrainError::Interrupted) => Ok(Outcome::Interrupted { step: self.progress.step }),
            ended => ended.map(|summary| Outcome::Finished(Box::new(summary))),
        }
    }

    /// Trains to the end of the recipe, unwatched.
    ///
    /// # Errors
    /// As [`Trainer::run`].
    pub fn run_to_end(&mut self, keeper: &mut dyn Keeper) -> Result<Summary, TrainError> {
        loop {
            if let Outcome::Finished(summary) = self.run(keeper, &mut (), &Requests::new())? {
                return Ok(*summary);
            }
        }
    }

    /// The position and the network as they are now.
    ///
    /// # Errors
    /// A state that cannot be stored, memory that cannot be had.
    pub fn checkpoint(&self) -> Result<Checkpoint, TrainError> {
        Ok(Checkpoint {
            meta: self.meta()?,
            store: self.session.store().try_clone()?,
            extras: self.extras()?,
        })
    }

    /// Where the run stands.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The recipe.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Layers, weights, multiply-adds.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The network as it is now.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    fn save_last(&self, keeper: &mut dyn Keeper) -> Result<(), TrainError> {
        keeper.save_last(&self.meta()?, self.session.store(), &self.extras()?)
    }

    /// What the training method keeps beside the network.
    fn extras(&self) -> Result<Extras, TrainError> {
        let Some(dynamic) = &self.dynamic else { return Ok(Extras::new()) };
        Ok(dynamic.extras(self.session.store())?)
    }

    /// What a checkpoint of this moment says about itself.
    fn meta(&self) -> Result<Meta, TrainError> {
        let normalization = self.dataset.normalization();
        let Progress { epoch, batch, step, train, best } = self.progress;
        let state = State {
            recipe: self.identity.clone(),
            batch,
            train,
            best,
            dynamic: self.dynamic.as_ref().map(Dynamic::state),
            flops: self.dynamic.as_ref().map(|_| self.flops),
        };
        Ok(Meta {
            step,
            epoch: u64::from(epoch),
            seeds: Some(self.recipe.seeds()),
            data: Some(DataInfo {
                name: self.dataset.name().to_owned(),
                mean: normalization.mean,
                std: normalization.std,
            }),
            state: state.to_json()?,
            ..Meta::new(self.session.graph())
        })
    }
}

/// A loader of a split in its own order, `None` if the split is empty.
fn loader(dataset: &Arc<dyn Dataset>, split: Split, batch_size: usize) -> Result<Option<Loader>, TrainError> {
    if dataset.is_empty(split) {
        return Ok(None);
    }
    Ok(Some(Loader::new(Arc::clone(dataset), Pass::Evaluate(split), batch_size)?))
}
