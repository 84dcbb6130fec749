//! What a trained network is worth beyond its accuracy: calibration, out-of-distribution detection, robustness.
//!
//! Everything works on *pixels* in 0..=1: a [`Classifier`] normalizes them with the constants of the data it was trained on.
//! Images stream in batches; what is kept of a sample is its confidence or score. Each metric, score, attack and corruption
//! is one file and one line of its registry.
#![forbid(unsafe_code)]

mod accuracy;
pub mod attacks;
mod classifier;
pub mod corruptions;
mod ensemble;
mod error;
pub mod images;
pub mod metrics;
mod names;
mod npy;
mod ood;
mod progress;
mod robustness;
mod sample;
pub mod scores;
pub mod separation;
pub mod stats;
mod stream;
mod temperature;

pub use accuracy::{Accuracy, ClassScore, Evaluation, evaluate};
pub use classifier::{Classifier, check_fit};
pub use ensemble::ensemble;
pub use error::EvalError;
pub use ood::Detection;
pub use progress::Progress;
pub use robustness::{CorruptionErrors, OfficialCorruptions, corrupt};
pub use sample::Sample;
pub use stream::{Pixels, for_each_batch};
pub use temperature::{FittedTemperature, TEMPERATURES, Temperature, Unidentified, fit_temperature};
