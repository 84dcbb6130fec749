//! Scalar twins of the kernels: one number at a time, in f64, for tests to compare with.
//!
//! They take the kernels' inputs, return what a kernel writes without gaps between planes, and follow its documentation
//! in the plainest way: no vectors, no tiles, no order of sums worth keeping.

mod combine;
mod finish;
mod loss;
mod moments;
mod optimizer;
mod pool;
mod probe;
mod sddmm;
mod spmm;

pub use combine::combine;
pub use finish::{Finished, finish_gradient};
pub use loss::softmax_cross_entropy;
pub use moments::{moments, plane_sums, row_moments};
pub use optimizer::{adam, adam_moments, adam_weight, sgd};
pub use pool::{average_pool, max_pool, max_pool_gradient};
pub use probe::multiply_adds;
pub use sddmm::{lane_sums, sddmm};
pub use spmm::{spmm, spmm_bias, spmm_masked};
