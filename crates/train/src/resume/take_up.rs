//! Taking a run up where it stopped.

use super::ResumePoint;
use crate::error::TrainError;
use crate::metrics::Summary;
use crate::recipe::Recipe;
use crate::run_dir::RunDir;
use crate::setup::Named;
use crate::trainer::Trainer;
use std::path::Path;

/// A run that was taken up.
pub enum Resumed {
    /// Nothing is left to do: what it came to.
    Finished(Summary),
    /// It goes on.
    Open {
        /// Stands where the run stopped.
        trainer: Box<Trainer>,
        /// The run's folder.
        run: RunDir,
    },
}

impl ResumePoint {
    /// Takes the run up as `recipe` asks for: its own, which only keys that decide no bit of the result may differ from.
    ///
    /// With `forget_best` it goes on even if the checkpoint of its best epoch is lost
    /// ([`Trainer::resume_forgetting_best`]). Nothing on disk has changed yet.
    ///
    /// # Errors
    /// [`TrainError::OtherRun`] if the recipe asks for another run; a damaged checkpoint or one of another run, records that cannot
    /// be those of the run; a folder in which another process works.
    pub fn resume(&self, recipe: Recipe, forget_best: bool) -> Result<Resumed, TrainError> {
        let named = self.request(recipe)?;
        let trainer = match &self.checkpoint {
            Some(checkpoint) => self.at(named, checkpoint, forget_best)?,
            None => Trainer::new(named.started()?)?,
        };
        let done = trainer.progress().epoch == trainer.recipe().total_epochs();
        if let Some(summary) = RunDir::finished(&self.folder).filter(|_| done) {
            return Ok(Resumed::Finished(summary));
        }
        let mut run = RunDir::open(&self.folder)?;
        run.check_records(&trainer.position_in_run())?;
        run.keep_recipe(trainer.recipe())?;
        Ok(Resumed::Open { trainer: Box::new(trainer), run })
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

    /// The request, refused if it is for another run than the one in the folder.
    fn request(&self, recipe: Recipe) -> Result<Named, TrainError> {
        let own = self.recipe.identity();
        let as_it_is = recipe.identity() == own;
        let mut named = Named::find(recipe)?;
        if named.recipe.mask_from.is_some() {
            // It is that of the mask, whatever the request says.
            named.recipe.density = self.recipe.density;
        }
        match own.difference(&named.recipe.identity()) {
            Some(difference) if !as_it_is => {
                Err(TrainError::OtherRun { path: self.folder.clone(), difference })
            }
            _ => Ok(named),
        }
    }
}
