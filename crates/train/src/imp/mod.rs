//! Iterative magnitude pruning.

mod request;

use crate::error::TrainError;
use crate::flow::GradientFlow;
use crate::keeper::Keeper;
use crate::metrics::{EpochRecord, Summary};
use crate::observer::Observer;
use crate::progress::Position;
use crate::prune::prune;
use crate::recipe::{PruneScope, Recipe, RecipeError};
use crate::requests::Requests;
use crate::resume::{ResumePoint, Resumed};
use crate::run_dir::{RunDir, check_output_folder, files};
use crate::setup::Setup;
use crate::trainer::{Outcome, Trainer};
use rarefy_core::Density;
use rarefy_formats::{Checkpoint, Extras, Meta, checkpoint};
use rarefy_nn::graph::Graph;
use rarefy_nn::params::ParamStore;
use std::path::{Path, PathBuf};

/// Train dense, remove the smallest weights, go back to the weights of an early epoch, train again, and so on.
///
/// Frankle and Carbin 2019 (*The Lottery Ticket Hypothesis*), with rewinding to `rewind_epoch` of Frankle et al. 2020 (*Linear Mode
/// Connectivity and the Lottery Ticket Hypothesis*); epoch 0 is the initial network. Round r of R trains the `density^(r / R)`
/// largest weights of the round before: each round removes the same share. Rewinding needs nothing but values and optimizer state,
/// as only patterns that stay (`method = "static"`) are accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Imp {
    /// What every round trains; its density is that of the last.
    pub recipe: Recipe,
    /// Rounds of pruning; one more is trained.
    pub rounds: u32,
    /// Epoch whose weights every round starts with.
    pub rewind_epoch: u32,
    /// What competes.
    pub scope: PruneScope,
    /// Folder: `round-0`, `round-1`, ... are runs, `rewind.ckpt` and `pruned-1.ckpt`, ... what they start from, `imp.json` the request.
    pub folder: PathBuf,
}

/// How the rounds ended.
#[derive(Clone, Debug, PartialEq)]
pub enum ImpOutcome {
    /// All are done: their densities and summaries.
    Finished(Vec<(Density, Summary)>),
    /// Asked to stop in a round; the same request goes on there.
    Interrupted {
        /// The round.
        round: u32,
    },
}

impl Imp {
    /// Trains the rounds that are left, each in the folder of its own. `starting` is told of each before its first step.
    ///
    /// # Errors
    /// Rounds or an epoch out of range, a recipe whose pattern is not its own or moves, a folder with rounds of another request
    /// or of something else; else as a run.
    pub fn run(
        &self,
        observer: &mut dyn Observer,
        requests: &Requests,
        mut starting: impl FnMut(u32, &Trainer),
    ) -> Result<ImpOutcome, TrainError> {
        self.check()?;
        check_output_folder(&self.folder, |name| name == request::FILE || name == "round-0")?;
        self.check_request()?;
        let mut done = Vec::new();
        for round in 0..=self.rounds {
            let density = self.density(round);
            if round > 0 {
                self.prune(round, density)?;
            }
            // A folder that is made here is that of a run.
            let _listening = requests.listen();
            let (mut trainer, mut run) = match self.open(round)? {
                Resumed::Finished(summary) => {
                    done.push((density, *summary));
                    continue;
                }
                _ if requests.is_stopped() => return Ok(ImpOutcome::Interrupted { round }),
                Resumed::Open { trainer, run } => (trainer, run),
            };
            self.keep_request()?;
            starting(round, &trainer);
            let rewind = (round == 0).then(|| self.rewind());
            let fresh = trainer.progress().step == 0;
            if let Some(path) = rewind.as_deref().filter(|_| self.rewind_epoch == 0 && fresh) {
                let start = trainer.checkpoint()?;
                checkpoint::save(path, &start.meta, &start.store)?;
            }
            let mut keeper = Rewinding { run: &mut run, rewind, epoch: self.rewind_epoch };
            match trainer.run(&mut keeper, observer, requests)? {
                Outcome::Finished(summary) => done.push((density, *summary)),
                Outcome::Interrupted { .. } => return Ok(ImpOutcome::Interrupted { round }),
            }
        }
        Ok(ImpOutcome::Finished(done))
    }

    /// A round: new, or taken up where it stopped.
    fn open(&self, round: u32) -> Result<Resumed, TrainError> {
        let path = self.folder.join(format!("round-{round}"));
        if RunDir::is_run(&path) {
            return ResumePoint::find(&path)?.resume(self.round(round), false);
        }
        let trainer = Box::new(Trainer::new(Setup::from_recipe(self.round(round))?)?);
        let run = RunDir::create(Some(&path), trainer.recipe())?;
        Ok(Resumed::Open { trainer, run })
    }

    /// Everything that a later round would be refused for, before the first one is trained.
    fn check(&self) -> Result<(), TrainError> {
        let value = |key, expected, found| Err(RecipeError::Value { key, expected, found }.into());
        if !(1..=1000).contains(&self.rounds) {
            return value("rounds", "a whole number from 1 to 1000", self.rounds.to_string());
        }
        let Recipe {
            mask_from, weights_from, keep_dense, match_dense, extended_from, method, density, ..
        } = &self.recipe;
        if method.preset().dynamic {
            let expected = "static: between its rounds iterative magnitude pruning moves the pattern itself";
            return value("method", expected, method.to_string());
        }
        for (key, given) in [
            ("mask_from", mask_from.is_some()),
            ("weights_from", weights_from.is_some()),
            ("match", match_dense.is_some()),
            ("keep_dense", keep_dense.is_some()),
            ("extended_from", !extended_from.is_empty()),
        ] {
            if given {
                return value(key, "absent with iterative magnitude pruning", "a value".to_owned());
            }
        }
        if density.is_dense() {
            return value("density", "below 1 with iterative magnitude pruning", density.to_string());
        }
        Ok(self.round(1).check()?)
    }

    /// What is left after `round` rounds of pruning.
    fn density(&self, round: u32) -> Density {
        let share = f64::from(round) / f64::from(self.rounds);
        let density = if round == self.rounds {
            self.recipe.density.get()
        } else {
            libm::pow(self.recipe.density.get(), share)
        };
        Density::new(density).unwrap_or(self.recipe.density)
    }

    fn rewind(&self) -> PathBuf {
        self.folder.join("rewind.ckpt")
    }

    fn pruned(&self, round: u32) -> PathBuf {
        self.folder.join(format!("pruned-{round}.ckpt"))
    }

    fn round(&self, round: u32) -> Recipe {
        match round {
            0 => Recipe { density: Density::DENSE, ..self.recipe.clone() },
            _ => Recipe {
                mask_from: Some(self.pruned(round)),
                weights_from: Some(self.rewind()),
                rewind_epoch: Some(self.rewind_epoch),
                ..self.recipe.clone()
            },
        }
    }

    /// Writes the network that `round` takes its mask from: the last one of the round before, pruned.
    fn prune(&self, round: u32, density: Density) -> Result<(), TrainError> {
        let path = self.pruned(round);
        if path.exists() {
            return Ok(());
        }
        let last = self.folder.join(format!("round-{}", round - 1)).join(files::LAST);
        let Checkpoint { meta, mut store, .. } = Checkpoint::load(&last)?;
        prune(&mut store, density, self.scope)?;
        let meta = Meta { state: serde_json::Value::Null, ..meta };
        Ok(checkpoint::save(&path, &meta, &store)?)
    }
}

/// A run's folder that also keeps the network after an epoch.
struct Rewinding<'a> {
    run: &'a mut RunDir,
    rewind: Option<PathBuf>,
    epoch: u32,
}

impl Keeper for Rewinding<'_> {
    fn save_last(&mut self, meta: &Meta, store: &ParamStore, extras: &Extras) -> Result<(), TrainError> {
        let whole = meta.epoch == u64::from(self.epoch) && meta.state["batch"] == 0;
        if let Some(path) = self.rewind.as_deref().filter(|path: &&Path| whole && !path.exists()) {
            checkpoint::save(path, meta, store)?;
        }
        self.run.save_last(meta, store, extras)
    }

    fn save_best(&mut self, meta: &Meta, store: &ParamStore, extras: &Extras) -> Result<(), TrainError> {
        self.run.save_best(meta, store, extras)
    }

    fn load_best(&mut self, graph: &Graph) -> Result<Checkpoint, TrainError> {
        self.run.load_best(graph)
    }

    fn cut(&mut self, position: &Position) -> Result<(), TrainError> {
        self.run.cut(position)
    }

    fn gradient_flow(&mut self, flow: GradientFlow) {
        self.run.gradient_flow(flow);
    }

    fn record(&mut self, record: &EpochRecord) -> Result<(), TrainError> {
        self.run.record(record)
    }

    fn records(&self) -> &[EpochRecord] {
        self.run.records()
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), TrainError> {
        self.run.finish(summary)
    }
}
