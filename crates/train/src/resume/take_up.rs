//! Taking a run up where it stopped.

use super::ResumePoint;
use super::damaged::lost;
use crate::error::TrainError;
use crate::metrics::Summary;
use crate::recipe::Recipe;
use crate::run_dir::{RunDir, files};
use crate::setup::Named;
use crate::trainer::Trainer;
use rarefy_formats::FormatError;
use std::path::Path;

/// A run that was taken up.
pub enum Resumed {
    /// Nothing is left to do: what it came to.
    Finished(Box<Summary>),
    /// It goes on.
    Open {
        /// Stands where the run stopped.
        trainer: Box<Trainer>,
        /// The run's folder.
        run: RunDir,
    },
}

impl ResumePoint {
    /// Takes the run up as `recipe` asks for: its own, which only keys that decide no bit of the result may differ from, and
    /// `epochs`, of which there may be more. Then the run is extended: it goes on where it was, or will be, finished, by the schedules
    /// of a run of so many epochs from the start.
    ///
    /// With `forget_best` it goes on even if the checkpoint of its best epoch is lost
    /// ([`Trainer::resume_forgetting_best`]). Nothing on disk changes before the run goes on, but for its recipe: it is written where
    /// it is missing, and becomes that of the longer run.
    ///
    /// # Errors
    /// [`TrainError::OtherRun`] if the recipe asks for another run, [`TrainError::Shorter`] if for fewer epochs; a damaged
    /// checkpoint or one of another run, records that cannot be those of the run; a folder in which another process works.
    pub fn resume(&self, recipe: Recipe, forget_best: bool) -> Result<Resumed, TrainError> {
        let named = self.request(recipe)?;
        let trainer = match &self.checkpoint {
            Some(checkpoint) => self.at(named, checkpoint, forget_best)?,
            None => {
                self.check_unstarted(&named)?;
                Trainer::new(named.started()?)?
            }
        };
        let done = trainer.progress().epoch == trainer.recipe().total_epochs();
        if let Some(summary) = RunDir::finished(&self.folder).filter(|_| done) {
            return Ok(Resumed::Finished(Box::new(summary)));
        }
        let mut run = RunDir::open(&self.folder)?;
        run.check_records(&trainer.position_in_run())?;
        run.keep_recipe(trainer.recipe())?;
        Ok(Resumed::Open { trainer: Box::new(trainer), run })
    }

    /// A run without a last checkpoint starts over, unless it has come further than its first epoch, at whose end the records and the
    /// best checkpoint come first: then the last one is lost, and what is left of the run would be overwritten.
    fn check_unstarted(&self, named: &Named) -> Result<(), TrainError> {
        if RunDir::finished(&self.folder).is_none() && RunDir::recorded(&self.folder)? <= 1 {
            return Ok(());
        }
        let path = self.folder.join(files::LAST);
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        Err(lost(&path, &named.graph, FormatError::Io { action: "read", path: path.clone(), source }))
    }

    /// A trainer that stands at `checkpoint`.
    fn at(&self, named: Named, checkpoint: &Path, forget_best: bool) -> Result<Trainer, TrainError> {
        let mut trainer = Trainer::new(named.stopped_at(checkpoint)?)?;
        let resumed = match forget_best {
            true => trainer.resume_forgetting_best(checkpoint),
            false => trainer.resume(checkpoint),
        };
        match resumed {
            // The request is that of the folder's recipe: it is the checkpoint that does not belong here.
            Err(TrainError::OtherRun { path, difference }) => {
                Err(TrainError::ForeignCheckpoint { path, difference })
            }
            resumed => resumed.map(|()| trainer),
        }
    }

    /// A request for the run, with more epochs for a longer one: a recipe that goes on from what the run has been so far.
    ///
    /// # Errors
    /// [`TrainError::Shorter`].
    pub fn going_on(&self, recipe: Recipe) -> Result<Recipe, TrainError> {
        let (asked, epochs) = (recipe.epochs, self.recipe.epochs);
        if asked < epochs {
            return Err(TrainError::Shorter { path: self.folder.clone(), epochs, asked });
        }
        match recipe.extended_from.is_empty() || recipe.extended_from == self.recipe.extended_from {
            true => Ok(recipe.going_on_from(&self.recipe)),
            // It has been told already what it goes on from, rightly or not.
            false => Ok(recipe),
        }
    }

    /// The request, refused if it is for another run than the one in the folder.
    fn request(&self, recipe: Recipe) -> Result<Named, TrainError> {
        let recipe = self.going_on(recipe)?;
        // Of a run that is extended, what it has been so far.
        let so_far = |recipe: &Recipe| {
            let stage = recipe.stages().into_iter().nth(self.recipe.extended_from.len());
            stage.as_ref().unwrap_or(recipe).identity()
        };
        let own = self.recipe.identity();
        let as_it_is = so_far(&recipe) == own;
        let mut named = Named::find(recipe)?;
        if named.recipe.mask_from.is_some() {
            // It is that of the mask, whatever the request says.
            named.recipe.density = self.recipe.density;
        }
        match own.difference(&so_far(&named.recipe)) {
            Some(difference) if !as_it_is => {
                Err(TrainError::OtherRun { path: self.folder.clone(), difference })
            }
            _ => Ok(named),
        }
    }
}
