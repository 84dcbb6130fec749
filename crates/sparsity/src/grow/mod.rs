//! Where weights come to be when dynamic training changes the pattern: one file per rule, one line each in [`REGISTRY`].
//!
//! Candidates are the positions without a block after the drop; those just dropped are among them. The score of a block is
//! the mean of `abs(score)` over its weights; ties go to the lower position.
//!
//! | name | grows | source |
//! |---|---|---|
//! | `random` | anywhere | Mocanu et al. 2018 (SET) |
//! | `random_unfired` | where no weight has ever been, then anywhere | Liu et al. 2021 (ITOP), published code |
//! | `gradient` | largest `abs(g)` | Evci et al. 2020 (RigL) |
//! | `momentum` | largest `abs(m)`, `m` a running average of the gradient | Dettmers & Zettlemoyer 2019 (SNFS) |
//! | `momentum_neuron` | outputs share by mean `abs(m)`, each its largest | the published code |

mod candidates;
mod gradient;
mod momentum;
mod momentum_neuron;
mod random;
mod random_unfired;

pub use candidates::Inactive;
pub use gradient::Gradient;
pub use momentum::Momentum;
pub use momentum_neuron::MomentumNeuron;
pub use random::Random;
pub use random_unfired::RandomUnfired;

use crate::active::{Part, stream};
use crate::registry::pick;
use crate::{Scratch, SparsityError};
use rarefy_core::random::Stream;

/// Every rule, in the order of the help.
pub const REGISTRY: &[&dyn Rule] = &[&Random, &RandomUnfired, &Gradient, &Momentum, &MomentumNeuron];

/// Chooses where weights grow.
pub trait Rule: std::fmt::Debug + Sync {
    /// Name on the command line, in recipes and in reports: lower case, the name of the rule's file.
    fn name(&self) -> &'static str;

    /// One line for the help.
    fn summary(&self) -> &'static str;

    /// What it must know of positions without a weight.
    fn dense(&self) -> DenseScore {
        DenseScore::None
    }

    /// Leaves `count` ascending positions in the candidate list of `scratch`, which holds all candidates, ascending: more
    /// than none, at least `count`. By default those of largest dense score.
    ///
    /// # Errors
    /// No dense scores for a rule that needs them, a score that is NaN.
    fn choose(
        &self,
        layer: &Inactive<'_>,
        count: usize,
        _random: &mut Stream,
        scratch: &mut Scratch,
    ) -> Result<(), SparsityError> {
        layer.largest(self.name(), count, scratch)
    }
}

/// A number for every position of the dense weight, which the trainer must provide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DenseScore {
    /// None: nothing dense is computed.
    #[default]
    None,
    /// The gradient of the loss (no weight decay) on the whole batch of the update's step: one layer at a time.
    Gradient,
    /// An exponential average of the gradient over all steps: one number per dense weight of the network stays in memory,
    /// and every step computes the dense weight gradient.
    Momentum,
}

/// The ascending block positions that grow in one layer; as many as `count`, or as there are candidates.
///
/// `index` is the layer's, in the order of [`crate::Network`]; `seed` and `update` decide what is random. Layers may be asked
/// in any order.
///
/// # Errors
/// Dense scores of a wrong length, a score that is NaN.
pub fn choose<'s>(
    rule: &dyn Rule,
    index: usize,
    layer: &Inactive<'_>,
    count: u64,
    (seed, update): (u64, u64),
    scratch: &'s mut Scratch,
) -> Result<&'s [u32], SparsityError> {
    layer.list(&mut scratch.order);
    let count = count.min(scratch.order.len() as u64) as usize;
    if count == 0 {
        scratch.order.clear();
    } else {
        rule.choose(layer, count, &mut stream(seed, update, index, Part::Grow), scratch)?;
    }
    Ok(&scratch.order)
}

/// The rule called `name`; letter case does not matter, `-` is `_`.
pub fn find(name: &str) -> Result<&'static dyn Rule, SparsityError> {
    pick("grow rule", name, REGISTRY.iter().map(|&rule| (rule.name(), rule)))
}
