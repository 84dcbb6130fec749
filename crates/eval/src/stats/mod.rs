//! Means, intervals and paired tests over seeds.
//!
//! [`Grouping::of`] sorts runs into settings and pairs those of equal seeds, before anything is evaluated; what cannot be
//! paired is refused by name. [`Grouping::compare`] then summarizes and tests every quantity.

mod comparison;
mod grouping;
mod paired;
mod student;
mod summary;

pub use comparison::{Comparison, Pair, Quantity, SEEDS};
pub use grouping::{Grouping, GroupingError, Member, Pairing, Run, Seeds, distinct};
pub use paired::{Paired, holm};
pub use summary::Summary;
