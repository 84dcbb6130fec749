//! Runs that were trained longer than they were meant to be.

use super::check::require;
use super::{Recipe, RecipeError};

impl Recipe {
    /// The runs that this one consists of: each goes on where the one before it was finished, the last is the recipe itself.
    ///
    /// Schedules are those of a run of the stage's epochs from the start, looked at from where the stage begins.
    pub(crate) fn stages(&self) -> Vec<Self> {
        let ends = self.extended_from.iter().copied().chain([self.epochs]).enumerate();
        ends.map(|(earlier, epochs)| Self {
            epochs,
            extended_from: self.extended_from[..earlier].to_vec(),
            ..self.clone()
        })
        .collect()
    }

    /// The recipe, asked for in the folder of `run`, as one that goes on from it: with more epochs it extends the run.
    pub(crate) fn going_on_from(self, run: &Self) -> Self {
        let mut extended_from = run.extended_from.clone();
        if self.epochs > run.epochs {
            extended_from.push(run.epochs);
        }
        Self { extended_from, ..self }
    }

    /// Checks that the stages follow each other and that each could be a run of its own.
    pub(super) fn check_extended(&self) -> Result<(), RecipeError> {
        let [earlier @ .., last] = &self.extended_from[..] else { return Ok(()) };
        let expected = "ascending numbers of epochs below `epochs`";
        require(*last < self.epochs, "extended_from", expected, || {
            format!("{:?} of {} epochs", self.extended_from, self.epochs)
        })?;
        // It checks the one before it in turn.
        Self { epochs: *last, extended_from: earlier.to_vec(), ..self.clone() }.check()
    }
}
