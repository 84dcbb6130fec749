//! Ends a chunk of samples: one number per weight instead of a vector.

use crate::Isa;
use crate::lanes::{Kernel, Lanes, vectors};

/// `sums[i] = sum over lanes of accumulators[i]`, in a fixed order.
///
/// # Shapes
/// `accumulators`: `[sums.len()][lanes]`, more are not read.
///
/// # Panics
/// If `accumulators` is too short.
pub fn lane_sums(isa: Isa, accumulators: &[f32], sums: &mut [f32]) {
    let accumulators = &accumulators[..sums.len() * isa.lanes()];
    isa.run(LaneSums { accumulators, sums });
}

struct LaneSums<'a> {
    accumulators: &'a [f32],
    sums: &'a mut [f32],
}

impl Kernel for LaneSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        for (sum, &vector) in self.sums.iter_mut().zip(vectors::<L::V>(self.accumulators)) {
            *sum = lanes.sum(vector);
        }
    }
}
