//! Training runs: a [`Recipe`] says what to train, a [`Setup`] holds network and data, a [`Trainer`] does the work, and a
//! [`RunDir`] keeps what must not be lost.
//!
//! The same recipe gives the same bits on one instruction set, on any number of threads, killed and resumed or not.
#![forbid(unsafe_code)]

pub mod accounting;
mod dynamic;
mod error;
mod flops;
mod flow;
mod imp;
mod keeper;
pub mod machine;
mod matched;
mod metrics;
mod names;
mod observer;
mod open_data;
mod preflight;
mod probe;
mod progress;
mod prune;
mod recipe;
mod requests;
mod resume;
mod run_dir;
mod scaled;
mod setup;
mod start;
mod trained;
mod trainer;

pub use dynamic::{DynamicRecord, Moving, UpdateRecord};
pub use error::{Fault, TrainError};
pub use flops::training_flops;
pub use flow::GradientFlow;
pub use imp::{Imp, ImpOutcome};
pub use keeper::{InMemory, Keeper};
pub use matched::Matched;
pub use metrics::{EpochRecord, Movement, Summary, Tally};
pub use names::UnknownName;
pub use observer::{Observer, RunStart, StepReport};
pub use open_data::OpenData;
pub use preflight::Preflight;
pub use probe::DataProbe;
pub use progress::{Best, Position, Progress};
pub use prune::prune;
pub use recipe::{
    BudgetName, Difference, DynamicOptions, Identity, KeepDenseList, LrScheduleName, MaskSamplingName,
    MatchName, Method, OptimizerName, PatternUnit, PatternUnitError, PruneScope, Recipe, RecipeError, Scaled,
};
pub use requests::{Listening, Requests};
pub use resume::{ResumePoint, Resumed};
pub use run_dir::{RunDir, RunDirError, check_output_folder, files};
pub use setup::{Setup, build_model, draw_patterns, draw_patterns_with, prunable_layers};
pub use trained::Trained;
pub use trainer::{Extension, Outcome, Outlook, Trainer};
