//! What can go wrong with a run.

use crate::recipe::{Difference, RecipeError};
use crate::run_dir::RunDirError;
use rarefy_core::memory::OutOfMemory;
use rarefy_core::suggest;
use rarefy_data::DataError;
use rarefy_formats::FormatError;
use rarefy_nn::SessionError;
use rarefy_nn::models::{self, ModelError};
use rarefy_nn::optim::UnknownDecay;
use rarefy_nn::params::StoreError;
use rarefy_sparsity::SparsityError;
use std::path::PathBuf;

/// Why a run could not start, continue or finish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The layer densities or the pattern.
    #[error(transparent)]
    Sparsity(#[from] SparsityError),
    /// The patterns do not fit the graph.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The learning-rate schedule.
    #[error(transparent)]
    Schedule(#[from] UnknownDecay),
    /// The engine.
    #[error(transparent)]
    Session(SessionError),
    /// There is not enough memory.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The run directory.
    #[error(transparent)]
    RunDir(#[from] RunDirError),
    /// A file.
    #[error(transparent)]
    File(#[from] FormatError),
    /// Network and data do not fit each other.
    #[error("the network expects {expected}, the data set `{data}` has {found}")]
    Unfit {
        /// Data set.
        data: String,
        /// What the network is made for.
        expected: String,
        /// What the data are.
        found: String,
    },
    /// A network of one's own under the name of another.
    #[error(
        "`{name}` is the name of a built-in network and this is another one: give your graph a name of its own"
    )]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Nothing to train on.
    #[error("the data set `{data}` has no training samples")]
    NoSamples {
        /// Data set.
        data: String,
    },
    /// Training left the finite numbers.
    #[error("step {step} (epoch {epoch}): {place} is not a finite number")]
    NonFinite {
        /// Step, from 1.
        step: u64,
        /// Epoch, from 1.
        epoch: u32,
        /// Layer or quantity.
        place: String,
    },
    /// The work was given up because it was asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The recipe asks for another run than the one to continue.
    #[error(
        "{} is another run's: its {} is {}, the recipe asks for {}",
        path.display(), difference.key, difference.left, difference.right
    )]
    OtherRun {
        /// The run's folder, or one of its checkpoints.
        path: PathBuf,
        /// The first key that differs: run left, recipe right.
        difference: Difference,
    },
    /// Fewer epochs than the run to continue has.
    #[error("the run in {} has {epochs} epochs and cannot be shortened to {asked}", path.display())]
    Shorter {
        /// The run's folder.
        path: PathBuf,
        /// `epochs` of the run.
        epochs: u32,
        /// `epochs` asked for.
        asked: u32,
    },
    /// A checkpoint that lies in the folder of another run.
    #[error(
        "{} is of another run: its {} is {}, that of recipe.toml beside it {}",
        path.display(), difference.key, difference.left, difference.right
    )]
    ForeignCheckpoint {
        /// The checkpoint.
        path: PathBuf,
        /// The first key that differs: checkpoint left, recipe right.
        difference: Difference,
    },
    /// A sound checkpoint that no training run wrote, or whose position does not exist.
    #[error("{} cannot be resumed: {problem}", path.display())]
    NotResumable {
        /// The checkpoint.
        path: PathBuf,
        /// What was expected and found.
        problem: String,
    },
    /// A checkpoint to go on from that is no sound one of this network.
    #[error("{source}")]
    Damaged {
        /// What is wrong with which file.
        source: Box<FormatError>,
        /// The run's other checkpoint and its epoch, if that one is sound.
        sound: Option<(PathBuf, u64)>,
    },
    /// The best epoch's checkpoint, which the end of the run needs, is not what the run kept.
    #[error("{} should hold epoch {epoch}, the best so far: {problem}", path.display())]
    BestLost {
        /// Where it should be.
        path: PathBuf,
        /// The best epoch.
        epoch: u32,
        /// What is wrong with it.
        problem: String,
    },
    /// The best epoch was asked for before there was one.
    #[error("there is no best epoch yet")]
    NoBest,
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The system: files, threads, memory.
    System,
    /// The request: names, ranges, combinations.
    Usage,
    /// Bad data or a bad checkpoint.
    Data,
    /// The numbers: training diverged.
    Numerical,
}

impl TrainError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Recipe(RecipeError::Read { .. }) => Fault::System,
            Self::Memory(_) | Self::Store(StoreError::Memory(_)) => Fault::System,
            Self::Sparsity(error) if error.is_memory() => Fault::System,
            Self::Sparsity(SparsityError::NotANumber { .. }) => Fault::Numerical,
            Self::Recipe(RecipeError::InFile { source, .. })
                if matches!(**source, RecipeError::Read { .. }) =>
            {
                Fault::System
            }
            Self::Recipe(_)
            | Self::Model(_)
            | Self::Sparsity(_)
            | Self::Store(_)
            | Self::Schedule(_)
            | Self::Unfit { .. }
            | Self::NameTaken { .. }
            | Self::File(FormatError::Folder { .. })
            | Self::OtherRun { .. }
            | Self::Shorter { .. }
            | Self::Data(DataError::Unknown { .. } | DataError::BatchSize | DataError::Option { .. }) => {
                Fault::Usage
            }
            Self::Data(error) if error.is_system() => Fault::System,
            Self::Data(_)
            | Self::NoSamples { .. }
            | Self::ForeignCheckpoint { .. }
            | Self::NotResumable { .. }
            | Self::Damaged { .. }
            | Self::BestLost { .. } => Fault::Data,
            Self::NonFinite { .. } | Self::Session(SessionError::NonFinite { .. }) => Fault::Numerical,
            Self::Session(
                SessionError::Threads { .. } | SessionError::Memory(_) | SessionError::TooLarge { .. },
            ) => Fault::System,
            Self::Session(_) => Fault::Usage,
            Self::RunDir(error) => error.fault(),
            Self::File(FormatError::Io { .. } | FormatError::Memory(_)) => Fault::System,
            Self::File(_) => Fault::Data,
            Self::NoBest | Self::Interrupted => Fault::System,
        }
    }

    /// What to do about it, where that is not in the message.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NonFinite { .. } => Some(
                "lower --lr or add --warmup epochs; the checkpoints written before are untouched".to_owned(),
            ),
            Self::OtherRun { .. } => {
                Some("resume with the settings of the run, or start a new one in another --out".to_owned())
            }
            Self::Shorter { .. } => {
                Some("leave --epochs away to continue it, or start a new run in another --out".to_owned())
            }
            Self::ForeignCheckpoint { .. } => {
                Some("put the run's own checkpoint back, or start a new run in another --out".to_owned())
            }
            Self::Damaged { sound: Some((path, epoch)), .. } => {
                Some(format!("--resume={} goes on after epoch {epoch}", path.display()))
            }
            Self::Damaged { sound: None, .. } => {
                Some("the run has no other sound checkpoint: start a new one in another --out".to_owned())
            }
            Self::Session(SessionError::TooLarge { batch, group, .. }) => Some(match (*batch, *group) {
                (0, _) => "not even the smallest batch fits: use a smaller --model, or fewer --threads".to_owned(),
                (batch, 0) => format!("batches of up to {batch} samples fit: --batch-size, --test-batch-size"),
                (batch, group) => format!(
                    "batches of up to {batch} samples fit (--batch-size, --test-batch-size), or in training the same \
                     batch in groups of up to {group} (--norm-batch)"
                ),
            }),
            Self::BestLost { .. } => Some(
                "put it back, or add --forget-best: the best epoch is then the one to go on from, or a later one"
                    .to_owned(),
            ),
            Self::Model(ModelError::Unknown { name, .. }) if is_of_imagenet(name) => Some(
                "networks for ImageNet are not built yet; those for small images are cifar_resnet_20 and the like".to_owned(),
            ),
            Self::Model(ModelError::Unknown { name, .. }) => {
                let known = models::REGISTRY.iter().flat_map(|family| family.examples.iter().copied());
                suggest(name, known).map(|name| format!("did you mean `{name}`?"))
            }
            Self::RunDir(error) => error.hint(),
            _ => None,
        }
    }
}

/// Whether a name is that of a residual network for ImageNet, in one of its spellings.
fn is_of_imagenet(name: &str) -> bool {
    let folded: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"];
    plain.contains(&folded.as_str())
        || folded.starts_with("wideresnet50")
        || folded.starts_with("wideresnet101")
}
