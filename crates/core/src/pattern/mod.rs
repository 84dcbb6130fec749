//! The structure of one layer's sparse weight.

mod build;
mod edit;
mod error;

pub use edit::{EditError, GROWN, PatternEdit, move_column};
pub use error::PatternError;

use crate::memory::{self, OutOfMemory};
use crate::{Block, Density, WeightShape};

/// What memory for structure is for.
const PATTERN: &str = "the pattern of a layer";

/// Which weights of a layer exist: for each row block the sorted taps (input-channel block, kernel y, kernel x).
///
/// A tap is stored as its position `(channel_block * kernel_h + y) * kernel_w + x` within the row block. Values,
/// gradients and optimizer state are *columns* aligned to the pattern in one canonical order: row block, then tap,
/// then the block's `rows * columns` weights row by row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    shape: WeightShape,
    block: Block,
    row_starts: Vec<u32>,
    taps: Vec<u32>,
}

/// A decoded tap of a row block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tap {
    /// Input-channel block.
    pub channel: usize,
    /// Kernel row.
    pub y: usize,
    /// Kernel column.
    pub x: usize,
}

impl Pattern {
    /// A copy.
    ///
    /// # Errors
    /// Memory that cannot be had.
    pub fn try_clone(&self) -> Result<Self, OutOfMemory> {
        let Self { shape, block, row_starts, taps } = self;
        let copy = |list: &[u32]| memory::copied(list, PATTERN);
        Ok(Self { shape: *shape, block: *block, row_starts: copy(row_starts)?, taps: copy(taps)? })
    }

    /// Shape of the dense weight.
    pub fn shape(&self) -> WeightShape {
        self.shape
    }

    /// Unit in which weights exist.
    pub fn block(&self) -> Block {
        self.block
    }

    /// Number of row blocks: `outputs / block.rows`.
    pub fn row_blocks(&self) -> usize {
        self.shape.outputs / self.block.rows
    }

    /// Number of possible taps of a row block: `fan_in / block.columns`.
    pub fn taps_per_row(&self) -> u32 {
        (self.shape.fan_in() / self.block.columns) as u32
    }

    /// Number of positions where a block may be.
    pub fn positions(&self) -> usize {
        self.row_blocks() * self.taps_per_row() as usize
    }

    /// Taps of one row block, ascending.
    ///
    /// # Panics
    /// If there is no such row block.
    pub fn row(&self, row_block: usize) -> &[u32] {
        &self.taps[self.row_starts[row_block] as usize..self.row_starts[row_block + 1] as usize]
    }

    /// First tap of each row block, then the number of taps.
    pub fn row_starts(&self) -> &[u32] {
        &self.row_starts
    }

    /// All taps in canonical order.
    pub fn taps(&self) -> &[u32] {
        &self.taps
    }

    /// Decodes a tap.
    pub fn tap(&self, tap: u32) -> Tap {
        let (tap, w, h) = (tap as usize, self.shape.kernel_w, self.shape.kernel_h);
        Tap { channel: tap / (w * h), y: tap / w % h, x: tap % w }
    }

    /// Number of existing blocks.
    pub fn blocks(&self) -> usize {
        self.taps.len()
    }

    /// Number of existing weights.
    pub fn nnz(&self) -> usize {
        self.taps.len() * self.block.len()
    }

    /// `nnz / weights`; an empty pattern has density 0, which is no [`Density`].
    pub fn fraction(&self) -> f64 {
        self.nnz() as f64 / self.shape.len() as f64
    }

    /// Realized density, `None` if the layer is empty.
    pub fn density(&self) -> Option<Density> {
        Density::new(self.fraction()).ok()
    }

    /// Whether every weight exists.
    pub fn is_full(&self) -> bool {
        self.nnz() == self.shape.len()
    }

    /// Block positions `row_block * taps_per_row + tap`, ascending.
    pub fn iter_positions(&self) -> impl Iterator<Item = u32> + '_ {
        let per_row = self.taps_per_row();
        (0..self.row_blocks())
            .flat_map(move |row| self.row(row).iter().map(move |tap| row as u32 * per_row + tap))
    }

    /// For each weight in canonical order its row-major index in the dense weight.
    pub fn iter_dense_indices(&self) -> impl Iterator<Item = usize> + '_ {
        let (shape, block) = (self.shape, self.block);
        let area = shape.kernel_h * shape.kernel_w;
        (0..self.row_blocks()).flat_map(move |row| {
            self.row(row).iter().flat_map(move |&tap| {
                let (channel, at) = (tap as usize / area, tap as usize % area);
                (0..block.rows).flat_map(move |i| {
                    (0..block.columns).map(move |j| {
                        let (output, input) = (row * block.rows + i, channel * block.columns + j);
                        (output * shape.inputs + input) * area + at
                    })
                })
            })
        })
    }
}
