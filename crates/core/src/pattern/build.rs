//! Constructors: the only places where the invariants are checked.

use super::{PATTERN, Pattern, PatternError};
use crate::memory;
use crate::{Block, WeightShape};

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
        Self::check(shape, block)?;
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
            if let Some(found) = first_disorder(pattern.row(row), limit) {
                return Err(PatternError::Tap { row, limit, found });
            }
        }
        Ok(pattern)
    }

    /// Whether a layer of `shape` can be drawn in blocks of `block` at all.
    pub fn check(shape: WeightShape, block: Block) -> Result<(), PatternError> {
        // `len` saturates, so a product beyond `usize` is refused too.
        if shape.is_empty() || shape.len() >= 1 << 31 {
            return Err(PatternError::Shape(shape));
        }
        let tiles = |extent: usize, unit: usize| unit > 0 && extent.is_multiple_of(unit);
        if !tiles(shape.outputs, block.rows) || !tiles(shape.inputs, block.columns) {
            return Err(PatternError::Block { block, shape });
        }
        Ok(())
    }

    /// The dense layer.
    pub fn full(shape: WeightShape, block: Block) -> Result<Self, PatternError> {
        Self::check(shape, block)?;
        let rows = (shape.outputs / block.rows) as u32;
        let per_row = (shape.fan_in() / block.columns) as u32;
        let mut taps = memory::room((rows * per_row) as usize, PATTERN)?;
        for _ in 0..rows {
            taps.extend(0..per_row);
        }
        let row_starts = memory::collected(rows as usize + 1, (0..=rows).map(|row| row * per_row), PATTERN)?;
        Ok(Self { shape, block, row_starts, taps })
    }

    /// Builds a pattern from strictly ascending block positions `row_block * taps_per_row + tap`.
    pub fn from_positions(shape: WeightShape, block: Block, positions: &[u32]) -> Result<Self, PatternError> {
        Self::check(shape, block)?;
        let rows = (shape.outputs / block.rows) as u32;
        let per_row = (shape.fan_in() / block.columns) as u32;
        let limit = rows * per_row;
        if let Some(found) = first_disorder(positions, limit) {
            return Err(PatternError::Position { limit, found });
        }
        let start = |row| positions.partition_point(|&position| position < row * per_row) as u32;
        let row_starts = memory::collected(rows as usize + 1, (0..=rows).map(start), PATTERN)?;
        let taps = positions.iter().map(|position| position % per_row);
        let taps = memory::collected(positions.len(), taps, PATTERN)?;
        Ok(Self { shape, block, row_starts, taps })
    }
}

/// The first number that is not below `limit` or not above the one before it.
pub(super) fn first_disorder(numbers: &[u32], limit: u32) -> Option<u32> {
    let mut least = 0;
    numbers.iter().copied().find(|&number| {
        let disordered = number < least || number >= limit;
        least = number.saturating_add(1);
        disordered
    })
}
