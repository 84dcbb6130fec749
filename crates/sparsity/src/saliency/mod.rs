//! Layer densities from what a weight does to the network at initialization.
//!
//! A saliency init (`init/snip.rs` and its like) is a [`Saliency`]: which derivative it [`Need`]s and how that makes a score.
//! The derivative itself is measured by a [`Probe`], which knows network and data; nothing here does. [`rank`] then keeps
//! the largest scores of the whole network.

mod rank;
mod rounds;

pub use rank::{Kept, rank};
pub use rounds::measure;

use rarefy_core::Pattern;

/// What must be measured of the network before a saliency can score its weights.
///
/// All with the weights as they are initialized, over the prunable weights only, in order of the dense weight (row-major
/// `[outputs, inputs, kernel_h, kernel_w]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// `dL/dw`: gradient of the mean cross-entropy over the samples, batch norm in training mode.
    Gradient,
    /// `H g`: the Hessian of the loss times its gradient. The samples are two class-sorted halves, each one batch in training
    /// mode; `L_h` is the mean cross-entropy of logits / 200 over half h, `g = grad L_a + grad L_b` a constant, and the result
    /// `grad_w(g . grad L_a) + grad_w(g . grad L_b)`.
    HessianGradient,
    /// `dR/dw`: all parameters (biases and batch norm too) replaced by their absolute values, batch norm in evaluation mode
    /// with mean 0 and variance 1, `R` the sum of the logits for one image of ones. May be scaled by one positive factor
    /// common to all layers, so that it stays finite. No data are needed.
    AbsLinear,
    /// Nothing: the weights are enough, and [`Probe::measure`] is not called.
    Magnitude,
}

/// One number for each weight of each layer, in order of the dense weight.
pub type Dense = Vec<Vec<f64>>;

/// Measures a network for saliencies. The trainer has one: it knows network, initial weights and data.
pub trait Probe {
    /// Initial weights of every prunable layer.
    ///
    /// # Errors
    /// A reason, in words.
    fn weights(&mut self) -> Result<Dense, String>;

    /// What `need` names, on the network whose other weights are zero than those in `kept` (one pattern a layer, full ones in
    /// the first round). Numbers at other positions do not matter.
    ///
    /// # Errors
    /// A reason, in words: no data, numbers that are not finite.
    fn measure(&mut self, need: Need, kept: &[Pattern]) -> Result<Dense, String>;
}

/// How a saliency init scores weights.
#[derive(Clone, Copy, Debug)]
pub struct Saliency {
    /// What is measured.
    pub need: Need,
    /// Score of (weight, what was measured); the largest are kept. NaN is an error.
    pub score: fn(f64, f64) -> f64,
    /// Whether the network is pruned in several rounds, rescored after each (`--saliency-rounds`).
    pub iterative: bool,
}
