//! Where numbers live: planes with shared zero columns, samples side by side (the plane layout).

use crate::graph::Extent;
use rarefy_kernels::{MAX_LANES, tile_vectors};

/// Rounds up to a multiple.
pub(crate) fn round_up(n: usize, multiple: usize) -> usize {
    n.div_ceil(multiple) * multiple
}

/// Distance of planes of `positions` numbers.
pub(crate) fn plane_distance(positions: usize) -> usize {
    let distance = round_up(positions, MAX_LANES);
    if distance.is_multiple_of(ALIASING) { distance + MAX_LANES } else { distance }
}

/// Placement of a stored activation: `[group of samples][channel][plane]`.
///
/// Samples lie in a grid, `across` in a row of the plane: pixel (y, x) of sample s of a group is at
/// `(s / across * rows + y) * pitch + s % across * slot + x` of its channel's plane; everything else in the plane is zero.
///
/// *Aligned*, a row of the plane is a whole number of vectors, and the kernels move sums from pixel to pixel
/// ([`rarefy_kernels::Shifts`]); else neighbouring rows share zero columns, and every load is shifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// One sample.
    pub(crate) extent: Extent,
    /// Rows are whole vectors, without zero columns for shifts.
    pub(crate) aligned: bool,
    /// Numbers from row to row.
    pub(crate) pitch: usize,
    /// Numbers of a row for one sample.
    pub(crate) slot: usize,
    /// Samples side by side in a row.
    pub(crate) across: usize,
    /// Rows from sample to sample.
    pub(crate) rows: usize,
    /// Samples in one plane, a power of two.
    pub(crate) samples: usize,
    /// Length of the run that holds all pixels, a multiple of the lanes.
    pub(crate) positions: usize,
    /// Distance of planes, a multiple of the widest vector.
    pub(crate) stride: usize,
}

/// Zero columns and rows that the convolutions of one resolution ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spacing {
    /// Least row pitch if rows share zero columns.
    pub(crate) pitch: usize,
    /// Pixels of a row, of the output's and the input's phases.
    pub(crate) columns: usize,
    /// Longest horizontal shift of a tap.
    pub(crate) reach: usize,
    /// Least rows per sample.
    pub(crate) rows: usize,
}

impl Spacing {
    /// For what no convolution makes.
    pub(crate) fn none(height: usize, width: usize) -> Self {
        Self { pitch: width, columns: width, reach: 0, rows: height }
    }

    /// Enough for both.
    pub(crate) fn merge(self, other: Self) -> Self {
        Self {
            pitch: self.pitch.max(other.pitch),
            columns: self.columns.max(other.columns),
            reach: self.reach.max(other.reach),
            rows: self.rows.max(other.rows),
        }
    }

    /// Numbers of a row for one sample in an aligned layout, if that pays: only vectors as long as a cache line cross one with
    /// every shifted load, and unused columns are work. Kernels must hold a row in their smallest register tile.
    fn slot(self, lanes: usize) -> Option<usize> {
        let slot = if self.columns < lanes {
            self.columns.next_power_of_two()
        } else {
            round_up(self.columns, lanes)
        };
        let pays = lanes == MAX_LANES && slot * 4 <= self.pitch * 5;
        let fits = slot / lanes <= tile_vectors(4, lanes) && (slot <= lanes || self.reach < lanes);
        (pays && fits).then_some(slot)
    }
}

/// Most samples of a plane, and the length below which planes with zero columns hold several.
const SHORT_PLANE: usize = 64;

/// Length in vectors below which aligned planes hold several samples.
const SHORT_ALIGNED_PLANE: usize = 16;

/// Planes a multiple of this apart would fall on the same lines of the first cache.
const ALIASING: usize = 1024;

impl Layout {
    /// Placement of `extent` with the zeros of `spacing`, for batches of up to `max_batch` and vectors of `lanes`.
    pub(crate) fn new(extent: Extent, spacing: Spacing, max_batch: usize, lanes: usize) -> Self {
        let rows = spacing.rows;
        let slot = spacing.slot(lanes);
        let (slot, across, short) = match slot {
            Some(slot) => (slot, (lanes / slot).max(1), SHORT_ALIGNED_PLANE * lanes),
            None => (spacing.pitch, 1, SHORT_PLANE),
        };
        let pitch = slot * across;
        let most = max_batch.next_power_of_two().min(SHORT_PLANE);
        let mut down = 1;
        while across * down < most && down * rows * pitch < short {
            down *= 2;
        }
        let positions = round_up(((down - 1) * rows + extent.height) * pitch, lanes);
        Self {
            extent,
            aligned: spacing.slot(lanes).is_some(),
            pitch,
            slot,
            across,
            rows,
            samples: across * down,
            positions,
            stride: plane_distance(positions),
        }
    }

    /// Planes that lie below one another: samples over the samples of a row.
    pub(crate) fn down(&self) -> usize {
        self.samples / self.across
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
        (sample / self.across * self.rows + y) * self.pitch + sample % self.across * self.slot
    }

    /// Whether two activations place pixels alike, whatever their channels.
    pub(crate) fn places_like(&self, other: &Self) -> bool {
        (self.pitch, self.slot, self.rows, self.samples, self.positions)
            == (other.pitch, other.slot, other.rows, other.samples, other.positions)
            && self.aligned == other.aligned
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
