//! How commands fail.

use crate::output::Tone;
use crate::usage::belongs_to;
use rarefy::core::memory::OutOfMemory;
use rarefy::eval::EvalError;
use rarefy::sparsity::SparsityError;
use rarefy::train::{Fault, RecipeError, TrainError, UnknownName};
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

/// One message, perhaps a hint, and an exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    fault: Fault,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A request that cannot be served.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self { fault: Fault::Usage, message: message.to_string(), hint: None }
    }

    /// Numbers that are not finite.
    pub(crate) fn numerical(message: impl Display) -> Self {
        Self { fault: Fault::Numerical, message: message.to_string(), hint: None }
    }

    /// A refusal of the system.
    pub(crate) fn system(message: impl Display) -> Self {
        Self { fault: Fault::System, message: message.to_string(), hint: None }
    }

    /// Says what to do about it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Says which command it is about.
    pub(crate) fn named(self, name: &str) -> Self {
        Self { message: format!("{name}: {}", self.message), ..self }
    }

    /// Says which file it is about.
    pub(crate) fn of(self, path: &Path) -> Self {
        Self { message: format!("{}: {}", path.display(), self.message), ..self }
    }

    /// Whether training diverged.
    pub(crate) fn is_numerical(&self) -> bool {
        self.fault == Fault::Numerical
    }

    /// What is wrong.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Tells people and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        crate::output::say(Tone::Error, &self.message);
        if let Some(hint) = &self.hint {
            crate::output::say(Tone::Hint, hint);
        }
        ExitCode::from(match self.fault {
            Fault::System => 1,
            Fault::Usage => 2,
            Fault::Data => 3,
            Fault::Numerical => 4,
        })
    }
}

impl From<EvalError> for Failure {
    fn from(error: EvalError) -> Self {
        let message = error.to_string();
        let hint = match &error {
            EvalError::NoValidation { .. } => {
                Some("leave --temperature away, or train with a --valid-split above 0")
            }
            EvalError::Incomplete { .. } => Some("--allow-incomplete leaves out what is missing or damaged"),
            EvalError::Io { path, .. } if path.to_string_lossy().contains(',') => Some(
                "in a folder's name a comma starts another set of images only where the name of one follows",
            ),
            _ => None,
        };
        let hint = hint.map(str::to_owned);
        match error {
            EvalError::Data(error) => TrainError::from(error).into(),
            EvalError::Session(error) => TrainError::Session(error).into(),
            EvalError::Io { .. } | EvalError::Memory(_) => Self { fault: Fault::System, message, hint },
            EvalError::File { .. } | EvalError::Incomplete { .. } => {
                Self { fault: Fault::Data, message, hint }
            }
            EvalError::NonFinite { .. } => Self { fault: Fault::Numerical, message, hint },
            _ => Self { fault: Fault::Usage, message, hint },
        }
    }
}

impl From<OutOfMemory> for Failure {
    fn from(error: OutOfMemory) -> Self {
        TrainError::from(error).into()
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        let hint = error.hint().or_else(|| match &error {
            TrainError::Sparsity(SparsityError::UnknownName { what, name, .. }) => {
                belongs_to(name, &format!("--{}", what.replace(' ', "-")))
            }
            _ => None,
        });
        Self { fault: error.fault(), message: error.to_string(), hint }
    }
}

impl From<RecipeError> for Failure {
    fn from(error: RecipeError) -> Self {
        TrainError::from(error).into()
    }
}

impl From<UnknownName> for Failure {
    fn from(error: UnknownName) -> Self {
        Self::usage(error)
    }
}
