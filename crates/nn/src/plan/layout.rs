//! Where numbers live: a pixel is one vector, the same pixel of as many samples as the instruction set has lanes.
//!
//! Every shift of a convolution is then a shift by whole vectors: no load crosses a cache line, no column is computed for nothing, and
//! a stride of 2 is a matter of addresses.

use crate::graph::Extent;
use rarefy_kernels::Grid;

/// Placement of a stored activation: `[group of samples][row][channel][column][sample]`; lanes without a sample are zero.
///
/// The rows that a strip takes are one run of memory, which the hardware fetches ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// One sample.
    pub(crate) extent: Extent,
    /// Samples of a group: the lanes of a vector.
    pub(crate) lanes: usize,
}

impl Layout {
    /// Numbers of one row of a channel.
    pub(crate) fn columns(&self) -> usize {
        self.extent.width * self.lanes
    }

    /// Places of channels and rows in a group.
    pub(crate) fn grid(&self) -> Grid {
        Grid { plane: self.columns(), row: self.extent.channels * self.columns() }
    }

    /// Numbers of one channel of a group.
    pub(crate) fn plane(&self) -> usize {
        self.extent.area() * self.lanes
    }

    /// Places in a scratch copy of a group whose channels are in one piece each.
    pub(crate) fn flat(&self) -> Grid {
        Grid { plane: self.plane(), row: self.columns() }
    }

    /// Numbers of one group, saturating.
    pub(crate) fn group_len(&self) -> usize {
        self.extent.len().saturating_mul(self.lanes)
    }

    /// Groups that `batch` samples fill.
    pub(crate) fn groups(&self, batch: usize) -> usize {
        batch.div_ceil(self.lanes)
    }

    /// Numbers of a batch, saturating.
    pub(crate) fn len(&self, batch: usize) -> usize {
        self.groups(batch).saturating_mul(self.group_len())
    }

    /// Place of the first pixel of row `y` of a channel of a sample.
    pub(crate) fn at(&self, sample: usize, channel: usize, y: usize) -> usize {
        sample / self.lanes * self.group_len() + self.grid().at(channel, y) + sample % self.lanes
    }
}

/// Rows of the planes of a group, or every `step`-th pixel of every so many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    /// Start of the first row in its plane.
    pub(crate) start: usize,
    /// Places of planes and rows.
    pub(crate) grid: Grid,
    /// Vectors from one pixel to the next.
    pub(crate) step: usize,
    pub(crate) rows: usize,
    /// Numbers of a row that are meant, without those between.
    pub(crate) columns: usize,
}

impl Region {
    /// All pixels.
    pub(crate) fn whole(layout: &Layout) -> Self {
        let (rows, columns) = (layout.extent.height, layout.columns());
        Self { start: 0, grid: layout.grid(), step: 1, rows, columns }
    }

    /// All pixels of some rows.
    pub(crate) fn of_rows(layout: &Layout, rows: &std::ops::Range<usize>) -> Self {
        let start = rows.start * layout.grid().row;
        Self { start, rows: rows.len(), ..Self::whole(layout) }
    }

    /// Nothing is meant.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0 || self.columns == 0
    }
}

/// For 1 to `lanes` samples in a group: 1 in their lanes, 0 in the others.
#[derive(Clone, Debug)]
pub(crate) struct Masks {
    lanes: usize,
    numbers: Vec<f32>,
}

impl Masks {
    pub(crate) fn new(lanes: usize) -> Self {
        let mask = |valid| (0..lanes).map(move |lane| if lane <= valid { 1.0 } else { 0.0 });
        Self { lanes, numbers: (0..lanes).flat_map(mask).collect() }
    }

    /// The mask of group `group` of a batch.
    pub(crate) fn get(&self, group: usize, batch: usize) -> &[f32] {
        let valid = batch.saturating_sub(group * self.lanes).clamp(1, self.lanes);
        &self.numbers[(valid - 1) * self.lanes..][..self.lanes]
    }
}
