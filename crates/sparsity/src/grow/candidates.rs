//! Positions that may grow.

use crate::active::{keep_lowest, ordered};
use crate::{Fired, Scratch, SparsityError};
use rarefy_core::Pattern;
use rarefy_core::random::Stream;

/// One layer between drop and growth.
#[derive(Clone, Copy, Debug)]
pub struct Inactive<'a> {
    /// Parameter name, for messages.
    pub name: &'a str,
    /// The pattern before the drop.
    pub pattern: &'a Pattern,
    /// Positions that go, ascending.
    pub dropped: &'a [u32],
    /// One number per dense weight, row-major, as [`super::Rule::dense`] asks; else empty.
    pub dense: &'a [f32],
    /// Positions that have ever had a block; only `random_unfired` looks at it.
    pub fired: Option<&'a Fired>,
}

impl Inactive<'_> {
    /// Fills `order` with the candidates, ascending.
    pub(super) fn list(&self, order: &mut Vec<u32>) {
        order.clear();
        let mut dropped = self.dropped.iter().copied().peekable();
        let mut next = 0;
        for position in self.pattern.iter_positions() {
            order.extend(next..position);
            while dropped.next_if(|&gone| gone < position).is_some() {}
            if dropped.next_if_eq(&position).is_some() {
                order.push(position);
            }
            next = position + 1;
        }
        order.extend(next..self.pattern.positions() as u32);
    }

    /// Checks that there is one dense score a weight.
    fn check_dense(&self) -> Result<(), SparsityError> {
        let (expected, found) = (self.pattern.shape().len(), self.dense.len());
        if expected != found {
            let layer = self.name.to_owned();
            return Err(SparsityError::Column { layer, what: "dense score", expected, found });
        }
        Ok(())
    }

    /// Mean of `abs(dense)` over the weights of the block at `position`.
    fn magnitude(&self, rule: &'static str, position: u32) -> Result<f64, SparsityError> {
        let (shape, block) = (self.pattern.shape(), self.pattern.block());
        let (per_row, area) = (self.pattern.taps_per_row(), shape.kernel_h * shape.kernel_w);
        let (row, tap) = ((position / per_row) as usize, (position % per_row) as usize);
        let (channel, at) = (tap / area, tap % area);
        let mut sum = 0.0;
        for output in row * block.rows..(row + 1) * block.rows {
            for input in channel * block.columns..(channel + 1) * block.columns {
                let index = (output * shape.inputs + input) * area + at;
                sum += f64::from(self.dense[index].abs());
            }
        }
        ordered(sum / block.len() as f64, rule, self.name, position as usize)
    }

    /// Fills `scores`, one number a position, at `positions`; it is 0 elsewhere.
    pub(super) fn score(
        &self,
        rule: &'static str,
        positions: impl Iterator<Item = u32>,
        scores: &mut Vec<f64>,
    ) -> Result<(), SparsityError> {
        self.check_dense()?;
        scores.clear();
        scores.resize(self.pattern.positions(), 0.0);
        for position in positions {
            scores[position as usize] = self.magnitude(rule, position)?;
        }
        Ok(())
    }

    /// Keeps the `count` candidates of largest score, ties to the lower position.
    pub(super) fn largest(
        &self,
        rule: &'static str,
        count: usize,
        scratch: &mut Scratch,
    ) -> Result<(), SparsityError> {
        let Scratch { scores, order, .. } = scratch;
        self.score(rule, order.iter().copied(), scores)?;
        keep_lowest(order, count, |position| -scores[position as usize]);
        Ok(())
    }
}

/// Keeps `count` of the candidates, every set equally likely (the first steps of Fisher and Yates' shuffle).
pub(super) fn any(candidates: &mut Vec<u32>, count: usize, random: &mut Stream) {
    let all = candidates.len();
    for first in 0..count.min(all) {
        let other = first + random.below((all - first) as u64) as usize;
        candidates.swap(first, other);
    }
    candidates.truncate(count);
    candidates.sort_unstable();
}
