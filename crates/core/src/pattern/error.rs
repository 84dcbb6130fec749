//! Why a structure is refused.

use crate::memory::OutOfMemory;
use crate::{Block, WeightShape};

/// Why a structure is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The shape has a zero extent or more positions than 32-bit indices reach.
    #[error("a weight shape needs extents above 0 and fewer than 2^31 positions, found {0}")]
    Shape(WeightShape),
    /// The block does not tile the shape.
    #[error("a {}x{} block does not tile {shape}; rows must divide the outputs and columns the inputs", block.rows, block.columns)]
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
    /// A block position is out of range, repeated or out of order.
    #[error("block positions must be strictly ascending and below {limit}, found {found}")]
    Position {
        /// Exclusive upper bound.
        limit: u32,
        /// The offending position.
        found: u32,
    },
    /// There is not enough memory.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
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
