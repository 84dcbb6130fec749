//! Shapes of weights, of the blocks they are drawn in, and of images.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Shape of a convolution weight `[outputs, inputs, kernel_h, kernel_w]`; a linear weight has a 1 x 1 kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WeightShape {
    /// Output channels.
    pub outputs: usize,
    /// Input channels.
    pub inputs: usize,
    /// Kernel height.
    pub kernel_h: usize,
    /// Kernel width.
    pub kernel_w: usize,
}

impl WeightShape {
    /// A convolution weight.
    pub const fn conv(outputs: usize, inputs: usize, kernel_h: usize, kernel_w: usize) -> Self {
        Self { outputs, inputs, kernel_h, kernel_w }
    }

    /// A linear weight `[outputs, inputs]`.
    pub const fn linear(outputs: usize, inputs: usize) -> Self {
        Self::conv(outputs, inputs, 1, 1)
    }

    /// Number of positions of the dense weight; saturates, so that an absurd shape is refused instead of wrapping.
    pub const fn len(self) -> usize {
        self.outputs.saturating_mul(self.fan_in())
    }

    /// Whether there is no position at all.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Inputs of one output: `inputs * kernel_h * kernel_w`, saturating.
    pub const fn fan_in(self) -> usize {
        self.inputs.saturating_mul(self.kernel_h).saturating_mul(self.kernel_w)
    }
}

impl fmt::Display for WeightShape {
    /// As PyTorch has it: `16x3x3x3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { outputs, inputs, kernel_h, kernel_w } = self;
        write!(f, "{outputs}x{inputs}x{kernel_h}x{kernel_w}")
    }
}

/// Channels, height and width of one image or of one sample's activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Extent {
    /// Channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Extent {
    /// A vector of `channels` numbers.
    pub const fn vector(channels: usize) -> Self {
        Self { channels, height: 1, width: 1 }
    }

    /// Numbers in one sample, saturating.
    pub const fn len(self) -> usize {
        self.channels.saturating_mul(self.area())
    }

    /// Whether a sample holds no number (an invalid extent).
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// `height * width`, saturating.
    pub const fn area(self) -> usize {
        self.height.saturating_mul(self.width)
    }
}

impl fmt::Display for Extent {
    /// `3x32x32`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channels, height, width } = self;
        write!(f, "{channels}x{height}x{width}")
    }
}

/// Unit in which weights live and die: `rows` output channels x `columns` input channels at one kernel position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Block {
    /// Output channels in a block.
    pub rows: usize,
    /// Input channels in a block.
    pub columns: usize,
}

impl Block {
    /// Single weights.
    pub const UNSTRUCTURED: Self = Self { rows: 1, columns: 1 };

    /// Weights in one block, saturating.
    pub const fn len(self) -> usize {
        self.rows.saturating_mul(self.columns)
    }

    /// Whether a block holds no weight (an invalid block).
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The part of this block that tiles `shape`: `gcd(rows, outputs) x gcd(columns, inputs)`; a zero extent of
    /// either counts as 1.
    pub fn fit(self, shape: WeightShape) -> Self {
        Self {
            rows: gcd(self.rows.max(1), shape.outputs.max(1)),
            columns: gcd(self.columns.max(1), shape.inputs.max(1)),
        }
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
