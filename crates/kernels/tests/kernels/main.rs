//! Every kernel against its scalar twin, on every instruction set of this machine.
//!
//! Tolerances are rounding bounds: a sum of n products in f32 is off by at most `gamma(n)` times the sum of the products'
//! magnitudes ([`common::gamma`]), and those magnitudes are the twin's result on absolute values. Inputs are surrounded by
//! NaN, so that a read outside the planes shows, outputs by canaries ([`common::Planes`]).

mod buffer;
mod combine;
mod common;
mod cut;
mod finish;
mod grid;
mod isa;
mod lane_sums;
mod loss;
mod misuse;
mod misuse_taps;
mod moments;
mod optimizer;
mod order;
mod pool;
mod probe;
mod resident;
mod sddmm;
mod spmm;
mod sums;
