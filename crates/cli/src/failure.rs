//! How commands fail.

use rarefy::core::memory::OutOfMemory;
use rarefy::eval::EvalError;
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

    /// A refusal of the system.
    pub(crate) fn system(message: impl Display) -> Self {
        Self { fault: Fault::System, message: message.to_string(), hint: None }
    }

    /// Says what to do about it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Says which file it is about.
    pub(crate) fn of(self, path: &Path) -> Self {
        Self { message: format!("{}: {}", path.display(), self.message), ..self }
    }

    /// Tells people and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        crate::output::note(format_args!("error: {}", self.message));
        if let Some(hint) = &self.hint {
            crate::output::note(format_args!("hint: {hint}"));
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
        let hint = matches!(error, EvalError::NoValidation { .. })
            .then(|| "leave --temperature away, or train with a --valid-split above 0".to_owned());
        match error {
            EvalError::Data(error) => TrainError::from(error).into(),
            EvalError::Session(error) => TrainError::Session(error).into(),
            EvalError::Io { .. } | EvalError::Memory(_) => Self { fault: Fault::System, message, hint },
            EvalError::File { .. } => Self { fault: Fault::Data, message, hint },
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
        Self { fault: error.fault(), message: error.to_string(), hint: error.hint() }
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
