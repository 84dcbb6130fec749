//! One epoch: training, validation, record, checkpoints.

use super::Trainer;
use crate::accounting::Counts;
use crate::dynamic::{Dynamic, StepError};
use crate::error::TrainError;
use crate::flow::GradientFlow;
use crate::keeper::Keeper;
use crate::metrics::{EpochRecord, Tally};
use crate::observer::{Observer, StepReport};
use crate::progress::Best;
use crate::requests::Requests;
use rarefy_data::{Batch, Loader};
use rarefy_nn::{Session, SessionError, StepOutcome};
use std::time::Instant;

impl Trainer {
    /// Does the rest of the epoch under way. If it is interrupted the trainer stands after the last whole step.
    pub(super) fn epoch(
        &mut self,
        keeper: &mut dyn Keeper,
        observer: &mut dyn Observer,
        requests: &Requests,
    ) -> Result<(), TrainError> {
        let started = Instant::now();
        let stage = self.stages.of(self.progress.epoch);
        let lr = stage.lr(self.progress.epoch);
        if let (Some(dynamic), Some(settings)) = (&mut self.dynamic, stage.settings) {
            dynamic.enter(settings);
        }
        let samples_before = self.progress.train.samples;
        self.train_batches(lr, keeper, observer, requests)?;
        let trained = started.elapsed();
        let train = self.progress.train;
        let (step, epoch) = (self.progress.step, self.progress.epoch + 1);
        let validation = match &mut self.validation {
            Some(loader) => Some(evaluate(&mut self.session, loader, self.recipe.batch_size, (step, epoch))?),
            None => None,
        };
        match validation {
            // Whose loss was finite.
            Some(_) => self.check_finite()?,
            None => self.check_sound()?,
        }
        self.progress.epoch = epoch;
        self.progress.batch = 0;
        self.progress.train = Tally::default();
        // A network on its way to the density asked for, denser as yet, is not what the run is about.
        let sparse_enough = self.dynamic.as_ref().is_none_or(|dynamic| dynamic.is_final(self.counts.nnz));
        let best = validation
            .filter(|_| sparse_enough)
            .map(|tally| Best { epoch, val_loss: tally.loss(), val_acc: tally.accuracy() })
            .filter(|best| best.beats(self.progress.best));
        if best.is_some() {
            self.progress.best = best;
        }
        let record = EpochRecord {
            epoch,
            step,
            lr,
            train_loss: train.loss(),
            train_acc: train.accuracy(),
            val_loss: validation.map(|tally| tally.loss()),
            val_acc: validation.map(|tally| tally.accuracy()),
            density: self.counts.density(),
            nnz: self.counts.nnz,
            seconds: started.elapsed().as_secs_f64(),
            dynamic: self.dynamic.as_mut().map(Dynamic::take_record),
            images_per_sec: (train.samples - samples_before) as f64 / trained.as_secs_f64().max(1e-9),
        };
        // The record first: it takes the epoch's updates out of the state, so that the best checkpoint is one to go on from as the
        // last one is, and all that it goes on from is kept before it.
        keeper.record(&record)?;
        if best.is_some() {
            keeper.save_best(&self.meta()?, self.session.store(), &self.extras()?)?;
        }
        self.save_last(keeper)?;
        observer.epoch_done(&record, best.is_some());
        Ok(())
    }

    /// Trains on the batches that are left of the epoch.
    fn train_batches(
        &mut self,
        lr: f64,
        keeper: &mut dyn Keeper,
        observer: &mut dyn Observer,
        requests: &Requests,
    ) -> Result<(), TrainError> {
        let (epoch, batches) = (self.progress.epoch, self.train.batches());
        while self.progress.batch < batches {
            let mut pass = self.train.epoch(epoch, self.progress.batch)?;
            let (mut checkpoint_due, mut asked) = (false, false);
            while !checkpoint_due {
                if requests.is_stopped() {
                    return Err(TrainError::Interrupted);
                }
                let Some(batch) = pass.next_batch()? else { break };
                let step = self.progress.step + 1;
                let outcome = match &mut self.dynamic {
                    None => {
                        self.session.train_step(&batch.images, &batch.labels, lr).map_err(StepError::Session)
                    }
                    Some(dynamic) => {
                        let counted = (&mut self.counts, &mut self.flops);
                        moving_step(dynamic, &mut self.session, counted, batch, lr, step)
                    }
                };
                let outcome = outcome.map_err(|error| match error {
                    StepError::Session(error) => at_step(error, step, epoch + 1),
                    StepError::Sparsity(error) => error.into(),
                })?;
                if !outcome.loss_sum.is_finite() {
                    return Err(TrainError::NonFinite { step, epoch: epoch + 1, place: "loss".to_owned() });
                }
                if self.recipe.log_gradient_flow.is_some_and(|every| step.is_multiple_of(every)) {
                    keeper.gradient_flow(GradientFlow::of(self.session.store(), step, epoch + 1));
                }
                self.progress.train.add(outcome.into());
                self.progress.batch += 1;
                self.progress.step = step;
                observer.stepped(&StepReport {
                    step,
                    epoch: epoch + 1,
                    samples: outcome.samples,
                    train_loss: self.progress.train.loss(),
                    train_acc: self.progress.train.accuracy(),
                });
                asked = requests.take_save();
                let interval = self.recipe.checkpoint_every;
                checkpoint_due = asked || interval.is_some_and(|every| step.is_multiple_of(every));
            }
            // The end of an epoch is kept in any case, after its validation.
            if checkpoint_due && self.progress.batch < batches {
                match self.check_sound() {
                    Ok(()) => {
                        self.save_last(keeper)?;
                        if asked {
                            observer.saved(self.progress.step);
                        }
                    }
                    // The network may recover, and when it is looked at must not decide whether it does: what
                    // is kept stays.
                    Err(TrainError::NonFinite { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

/// One step in which the pattern moves if it is due; counts follow it, `flops` sums up.
fn moving_step(
    dynamic: &mut Dynamic,
    session: &mut Session,
    (counts, flops): (&mut Counts, &mut f64),
    batch: &Batch,
    lr: f64,
    step: u64,
) -> Result<StepOutcome, StepError> {
    let taken = counts.step_flops(batch.len() as u64, dynamic.computes_dense(step));
    let outcome = dynamic.step(session, &batch.images, &batch.labels, lr, step)?;
    *flops += taken;
    if dynamic.due(step) {
        *counts = Counts::new(session.graph(), session.store().patterns());
    }
    Ok(outcome)
}

/// Loss and hits of a whole split in evaluation mode.
///
/// Losses are summed in blocks of `block` samples whatever the loader's batches are, so that the size of a batch in evaluation
/// decides no bit of the sum.
pub(super) fn evaluate(
    session: &mut Session,
    loader: &mut Loader,
    block: usize,
    (step, epoch): (u64, u32),
) -> Result<Tally, TrainError> {
    let (mut whole, mut open) = (Tally::default(), Tally::default());
    let mut pass = loader.epoch(0, 0)?;
    while let Some(batch) = pass.next_batch()? {
        let mut finite = true;
        let each = |loss: f64, hit| {
            finite &= loss.is_finite();
            open.add(Tally { samples: 1, loss_sum: loss, correct: u64::from(hit) });
            if open.samples == block as u64 {
                whole.add(std::mem::take(&mut open));
            }
        };
        session
            .evaluate_each(&batch.images, &batch.labels, each)
            .map_err(|error| at_step(error, step, epoch))?;
        if !finite {
            let place = session.trouble_in_evaluation(&batch.images, batch.len());
            let place = place.map_or_else(|| "the loss".to_owned(), |place| format!("{place} in evaluation"));
            let place = format!("{place} (the {} split)", loader.split());
            return Err(TrainError::NonFinite { step, epoch, place });
        }
    }
    whole.add(open);
    Ok(whole)
}

/// Puts the step into an engine's complaint about numbers.
pub(super) fn at_step(error: SessionError, step: u64, epoch: u32) -> TrainError {
    match error {
        SessionError::NonFinite { place } => TrainError::NonFinite { step, epoch, place },
        SessionError::Interrupted => TrainError::Interrupted,
        other => TrainError::Session(other),
    }
}
