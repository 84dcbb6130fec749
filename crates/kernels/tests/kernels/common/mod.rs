//! Shared by the tests of all kernels: numbers, guarded planes, rounding bounds.

mod numbers;
mod planes;
mod taps;
mod tiles;
mod tolerance;

pub(crate) use numbers::{Numbers, POISONS};
pub(crate) use planes::{CANARY, Gaps, Planes, Size};
pub(crate) use taps::{Density, Layer, Shape, layer, partial, spmm};
pub(crate) use tiles::{all_tiles, tiles};
pub(crate) use tolerance::{gamma, gamma64, magnitudes, near, same_bits};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rarefy_kernels::Isa;

/// The same cases in every run.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(17), ..Default::default() }
}

/// Every instruction set of this machine.
pub(crate) fn isas() -> Vec<Isa> {
    Isa::available()
}
