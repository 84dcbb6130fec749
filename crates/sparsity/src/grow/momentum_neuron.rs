//! Largest momentum, shared among outputs first.

use super::{DenseScore, Inactive, Rule};
use crate::active::keep_lowest;
use crate::{Scratch, SparsityError};
use rarefy_core::random::Stream;

/// Row blocks (outputs) share the growth in proportion to the mean of `abs(m)` over their positions, existing ones included,
/// as far as they have room; within each the largest `abs(m)` grows. What rounding and full rows leave goes to the largest
/// `abs(m)` of the layer.
///
/// Source: Dettmers & Zettlemoyer, *Sparse Networks from Scratch*, 2019 (SNFS), the published code's choice per neuron
/// (which leaves out rows of fewer than ten).
#[derive(Clone, Copy, Debug)]
pub struct MomentumNeuron;

impl Rule for MomentumNeuron {
    fn name(&self) -> &'static str {
        "momentum_neuron"
    }

    fn summary(&self) -> &'static str {
        "outputs share by their mean momentum, each grows its largest"
    }

    fn dense(&self) -> DenseScore {
        DenseScore::Momentum
    }

    fn choose(
        &self,
        layer: &Inactive<'_>,
        count: usize,
        _: &mut Stream,
        scratch: &mut Scratch,
    ) -> Result<(), SparsityError> {
        let per_row = layer.pattern.taps_per_row();
        let Scratch { scores, order, other } = scratch;
        layer.score(self.name(), 0..layer.pattern.positions() as u32, scores)?;
        let total: f64 = scores.iter().sum();
        // Scores of chosen positions become negative: that marks them (a score is never below zero).
        let mut left = count;
        for row in 0..layer.pattern.row_blocks() as u32 {
            let positions = row * per_row..(row + 1) * per_row;
            let mean: f64 =
                scores[positions.start as usize..positions.end as usize].iter().map(|s| s.abs()).sum();
            let share = if total > 0.0 { (mean / total * count as f64) as usize } else { 0 };
            let (start, end) = (below(order, positions.start), below(order, positions.end));
            other.clear();
            other.extend_from_slice(&order[start..end]);
            keep_lowest(other, share.min(left), |position| -scores[position as usize]);
            left -= other.len();
            for &position in other.iter() {
                scores[position as usize] = -1.0 - scores[position as usize];
            }
        }
        // Marked ones first, then the largest of the rest.
        keep_lowest(order, count, |position| match scores[position as usize] {
            marked if marked < 0.0 => f64::NEG_INFINITY,
            score => -score,
        });
        Ok(())
    }
}

/// Number of candidates below `position`.
fn below(candidates: &[u32], position: u32) -> usize {
    candidates.partition_point(|&candidate| candidate < position)
}
