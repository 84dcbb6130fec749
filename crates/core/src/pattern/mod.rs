//! The structure of one layer's sparse weight.

mod edit;

pub use edit::{EditError, GROWN, PatternEdit, move_column};

use crate::{Block, Density, WeightShape};

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

/// Why a structure is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The shape has a zero extent or more positions than 32-bit indices reach.
    #[error("a weight shape needs extents above 0 and fewer than 2^31 positions, found {0:?}")]
    Shape(WeightShape),
    /// The block does not tile the shape.
    #[error("a {}x{} block does not tile {shape:?}; rows must divide the outputs and columns the inputs", block.rows, block.columns)]
    Block {
        /// The block asked for.
        block: Block,
        /// The layer's shape.
        shape: WeightShape,
    },
    /// Row starts are not an ascending list from 0 to the number of taps.
    #[error("row starts must be {expected} ascending numbers from 0 to the number of taps ({taps})")]
    RowStarts {
        /// Row blocks + 1.
        expected: usize,
        /// Number of taps.
        taps: usize,
    },
    /// A tap is out of range, repeated or out of order.
    #[error("taps of row block {row} must be strictly ascending and below {limit}, found {found}")]
    Tap {
        /// Row block.
        row: usize,
        /// Exclusive upper bound.
        limit: u32,
        /// The offending tap.
        found: u32,
    },
}

impl Pattern {
    /// Builds a pattern from its compressed rows; every invariant is checked.
    ///
    /// `row_starts` has one entry per row block plus one; taps `row_starts[r]..row_starts[r + 1]` belong to row block `r`.
    pub fn new(
        shape: WeightShape,
        block: Block,
        row_starts: Vec<u32>,
        taps: Vec<u32>,
    ) -> Result<Self, PatternError> {
        check_shape(shape, block)?;
        let pattern = Self { shape, block, row_starts, taps };
        let rows = pattern.row_blocks();
        let starts_ok = pattern.row_starts.len() == rows + 1
            && pattern.row_starts[0] == 0
            && pattern.row_starts.is_sorted()
            && pattern.row_starts[rows] as usize == pattern.taps.len();
        if !starts_ok {
            return Err(PatternError::RowStarts { expected: rows + 1, taps: pattern.taps.len() });
        }
        let limit = pattern.taps_per_row();
        for row in 0..rows {
            let mut least = 0;
            for &found in pattern.row(row) {
                if found < least || found >= limit {
                    return Err(PatternError::Tap { row, limit, found });
                }
                least = found + 1;
            }
        }
        Ok(pattern)
    }

    /// The dense layer.
    pub fn full(shape: WeightShape, block: Block) -> Result<Self, PatternError> {
        check_shape(shape, block)?;
        let rows = (shape.outputs / block.rows) as u32;
        let per_row = (shape.fan_in() / block.columns) as u32;
        let taps = (0..rows).flat_map(|_| 0..per_row).collect();
        Self::new(shape, block, (0..=rows).map(|row| row * per_row).collect(), taps)
    }

    /// Builds a pattern from strictly ascending block positions `row_block * taps_per_row + tap`.
    pub fn from_positions(shape: WeightShape, block: Block, positions: &[u32]) -> Result<Self, PatternError> {
        check_shape(shape, block)?;
        let rows = shape.outputs / block.rows;
        let per_row = (shape.fan_in() / block.columns) as u32;
        let mut row_starts = Vec::with_capacity(rows + 1);
        row_starts.push(0);
        for row in 1..=rows as u32 {
            row_starts.push(positions.partition_point(|&position| position < row * per_row) as u32);
        }
        if let Some(&found) = positions.last().filter(|&&position| position >= rows as u32 * per_row) {
            return Err(PatternError::Tap { row: rows - 1, limit: per_row, found });
        }
        let taps = positions.iter().map(|position| position % per_row).collect();
        Self::new(shape, block, row_starts, taps)
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

fn check_shape(shape: WeightShape, block: Block) -> Result<(), PatternError> {
    let extents = [shape.outputs, shape.inputs, shape.kernel_h, shape.kernel_w];
    let positions = extents.iter().try_fold(1usize, |product, &extent| product.checked_mul(extent));
    if positions.is_none_or(|count| count == 0 || count >= 1 << 31) {
        return Err(PatternError::Shape(shape));
    }
    if block.is_empty() || shape.outputs % block.rows != 0 || shape.inputs % block.columns != 0 {
        return Err(PatternError::Block { block, shape });
    }
    Ok(())
}
