//! Training cost by formula, before a run (METHODS 7).

use crate::accounting::Counts;
use rarefy_sparsity::grow::{self, DenseScore};
use rarefy_sparsity::method::{Interval, MemoryBound, Preset};
use rarefy_sparsity::schedule::DensitySchedule;

/// Floating-point operations of training on one sample with the method `preset`, `f_S` being those of the sparse forward
/// pass and `f_D` those of the dense one, on average over steps: `3 f_S`; with growth by gradient every n steps
/// `(3 f_S n + 2 f_S + f_D) / (n + 1)` (Evci et al., ICML 2020); with growth by a dense average `2 f_S + f_D`.
///
/// `None` where the number of weights changes (a scheduled density, a soft memory bound): the cost is then that of the patterns to
/// come.
pub fn training_flops(counts: &Counts, preset: &Preset) -> Option<f64> {
    if preset.density != DensitySchedule::Constant || preset.bound == MemoryBound::Soft {
        return None;
    }
    let (sparse, dense) = (2.0 * counts.macs_sparse as f64, 2.0 * counts.macs_dense as f64);
    let score = if preset.dynamic { grow::find(preset.grow).ok()?.dense() } else { DenseScore::None };
    match (score, preset.every) {
        (DenseScore::None, _) => Some(3.0 * sparse),
        (DenseScore::Gradient, Interval::Steps(steps)) => {
            let steps = steps as f64;
            Some((3.0 * sparse * steps + 2.0 * sparse + dense) / (steps + 1.0))
        }
        // An epoch has many steps: what its one update costs is little.
        (DenseScore::Gradient, Interval::Epoch) => Some(3.0 * sparse),
        (DenseScore::Momentum, _) => Some(2.0 * sparse + dense),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rarefy_sparsity::method;

    #[test]
    fn formulas_are_those_of_the_papers() {
        let counts = Counts { layers: Vec::new(), weights: 100, nnz: 10, macs_dense: 500, macs_sparse: 50 };
        let flops = |name| training_flops(&counts, method::find(name).unwrap());
        assert_eq!(flops("static"), Some(300.0));
        assert_eq!(flops("set"), Some(300.0));
        assert_eq!(flops("rigl"), Some((300.0 * 100.0 + 200.0 + 1000.0) / 101.0));
        assert_eq!(flops("snfs"), Some(1200.0));
        assert_eq!((flops("gmp"), flops("mest")), (None, None));
    }
}
