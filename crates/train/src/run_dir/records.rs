//! Whether the records in a folder can be those of a run at some position.

use super::{RunDir, RunDirError, files};
use crate::flow::GradientFlow;
use crate::metrics::EpochRecord;
use crate::progress::Position;

impl RunDir {
    /// Checks that the records up to `position` are a line an epoch, each with its step, the last that of the last epoch. They may
    /// begin late: a file that was removed is begun anew.
    ///
    /// # Errors
    /// [`RunDirError::Metrics`], which names the first line that cannot be.
    pub fn check_records(&self, position: &Position) -> Result<(), RunDirError> {
        let bad =
            |file, (line, problem)| Err(RunDirError::Metrics { path: self.path.join(file), line, problem });
        match (metrics(&self.records, position), flows(&self.flows, position)) {
            (Err(found), _) => bad(files::METRICS, found),
            (_, Err(found)) => bad(files::GRADIENT_FLOW, found),
            _ => Ok(()),
        }
    }

    /// Epochs before `position` of which there is no record.
    pub fn missing_records(&self, position: &Position) -> u32 {
        let kept = self.records.iter().filter(|record| record.epoch <= position.epoch).count();
        (position.epoch - position.first).saturating_sub(u32::try_from(kept).unwrap_or(u32::MAX))
    }
}

/// A line and what is wrong with it.
type Wrong = (usize, String);

/// Lines of later epochs than that of the position are cut and need not be anything.
fn metrics(records: &[EpochRecord], position: &Position) -> Result<(), Wrong> {
    let lines = || (1..).zip(records).filter(|(_, record)| record.epoch <= position.epoch);
    let Some((_, first)) = lines().next() else { return Ok(()) };
    let mut expected = first.epoch.max(position.first + 1);
    let mut last = 0;
    for (line, record) in lines() {
        if record.epoch != expected {
            return Err((line, format!("expected epoch {expected}, found {}", record.epoch)));
        }
        let steps = u64::from(record.epoch) * position.steps_per_epoch;
        if record.step != steps {
            return Err((line, format!("epoch {expected} ends at step {steps}, found {}", record.step)));
        }
        if let Some(nnz) = position.nnz.filter(|&nnz| record.epoch == position.epoch && record.nnz != nnz) {
            return Err((line, format!("the checkpoint has {nnz} weights, found {}", record.nnz)));
        }
        (expected, last) = (expected + 1, line);
    }
    match expected > position.epoch {
        true => Ok(()),
        false => Err((
            last + 1,
            format!("expected epoch {expected}, found none; the checkpoint is of a later one"),
        )),
    }
}

fn flows(flows: &[GradientFlow], position: &Position) -> Result<(), Wrong> {
    let mut before = 0;
    for (line, flow) in (1..).zip(flows).filter(|(_, flow)| flow.step <= position.step) {
        let epoch = flow.step.saturating_sub(1) / position.steps_per_epoch.max(1) + 1;
        if flow.step <= before || u64::from(flow.epoch) != epoch {
            let problem =
                format!("step {} of epoch {} cannot come after step {before}", flow.step, flow.epoch);
            return Err((line, problem));
        }
        before = flow.step;
    }
    Ok(())
}
