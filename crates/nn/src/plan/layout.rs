//! Where numbers live: planes with shared zero columns, samples side by side (the plane layout).

use crate::graph::Extent;
use rarefy_kernels::MAX_LANES;

/// Rounds up to a multiple.
pub(crate) fn round_up(n: usize, multiple: usize) -> usize {
    n.div_ceil(multiple) * multiple
}

/// Placement of a stored activation: `[group of samples][channel][plane]`.
///
/// Pixel (y, x) of sample s of a group is at `(s * rows + y) * pitch + x` of its channel's plane; everything else in the
/// plane is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// One sample.
    pub(crate) extent: Extent,
    /// Numbers from row to row: the width and the zero columns that neighbours share.
    pub(crate) pitch: usize,
    /// Rows from sample to sample.
    pub(crate) rows: usize,
    /// Samples side by side in one plane, a power of two.
    pub(crate) samples: usize,
    /// Length of the run that holds all pixels, a multiple of the lanes.
    pub(crate) positions: usize,
    /// Distance of planes, a multiple of the widest vector.
    pub(crate) stride: usize,
}

/// Zero columns and rows that the convolutions of one resolution ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spacing {
    /// Least row pitch.
    pub(crate) pitch: usize,
    /// Least rows per sample.
    pub(crate) rows: usize,
}

/// Planes shorter than this hold several samples side by side.
const SHORT_PLANE: usize = 64;

impl Layout {
    /// Placement of `extent` with the zeros of `spacing`, for batches of up to `max_batch` and vectors of `lanes`.
    pub(crate) fn new(extent: Extent, spacing: Spacing, max_batch: usize, lanes: usize) -> Self {
        let Spacing { pitch, rows } = spacing;
        let most = max_batch.next_power_of_two().min(SHORT_PLANE);
        let mut samples = 1;
        while samples < most && samples * rows * pitch < SHORT_PLANE {
            samples *= 2;
        }
        let positions = round_up(((samples - 1) * rows + extent.height) * pitch, lanes);
        Self { extent, pitch, rows, samples, positions, stride: round_up(positions, MAX_LANES) }
    }

    /// Numbers of one group.
    pub(crate) fn group_len(&self) -> usize {
        self.extent.channels * self.stride
    }

    /// Groups that `batch` samples fill.
    pub(crate) fn groups(&self, batch: usize) -> usize {
        batch.div_ceil(self.samples)
    }

    /// Samples of group `group` that exist in a batch.
    pub(crate) fn valid(&self, group: usize, batch: usize) -> usize {
        batch.saturating_sub(group * self.samples).min(self.samples)
    }

    /// Offset of row `y` of sample `sample` in a plane.
    pub(crate) fn row(&self, sample: usize, y: usize) -> usize {
        (sample * self.rows + y) * self.pitch
    }

    /// Whether two activations place pixels alike, whatever their channels.
    pub(crate) fn places_like(&self, other: &Self) -> bool {
        (self.pitch, self.rows, self.samples, self.positions)
            == (other.pitch, other.rows, other.samples, other.positions)
            && (self.extent.height, self.extent.width) == (other.extent.height, other.extent.width)
    }

    /// 1 at pixels of the first `valid` samples, 0 elsewhere.
    pub(crate) fn mask(&self, valid: usize) -> Vec<f32> {
        let mut mask = vec![0.0; self.stride];
        for sample in 0..valid {
            for y in 0..self.extent.height {
                let start = self.row(sample, y);
                mask[start..start + self.extent.width].fill(1.0);
            }
        }
        mask
    }
}

/// Masks of one layout for every number of samples in a group.
#[derive(Clone, Debug)]
pub(crate) struct Masks {
    stride: usize,
    numbers: Vec<f32>,
}

impl Masks {
    pub(crate) fn new(layout: &Layout) -> Self {
        let numbers = (1..=layout.samples).flat_map(|valid| layout.mask(valid)).collect();
        Self { stride: layout.stride, numbers }
    }

    /// The mask of a group with `valid` samples (at least 1).
    pub(crate) fn get(&self, valid: usize) -> &[f32] {
        &self.numbers[(valid - 1) * self.stride..][..self.stride]
    }
}
