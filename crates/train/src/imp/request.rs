//! What the rounds in a folder were asked for.

use super::Imp;
use crate::error::TrainError;
use crate::recipe::{Difference, PruneScope};
use rarefy_core::Density;
use rarefy_formats::{FormatError, atomic_write};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// File of the request in the folder of the rounds.
pub(super) const FILE: &str = "imp.json";

/// What the recipes of the rounds do not tell.
#[derive(Serialize, Deserialize)]
struct Request {
    density: Density,
    rounds: u32,
    rewind_epoch: u32,
    scope: PruneScope,
}

impl Imp {
    fn request(&self) -> Request {
        let Self { recipe, rounds, rewind_epoch, scope, .. } = self;
        Request { density: recipe.density, rounds: *rounds, rewind_epoch: *rewind_epoch, scope: *scope }
    }

    /// Refuses a folder whose rounds were asked for otherwise: their pruned networks would be taken for those of this request.
    pub(super) fn check_request(&self) -> Result<(), TrainError> {
        let path = self.folder.join(FILE);
        if !path.exists() {
            return Ok(());
        }
        let read = std::fs::read(&path).map_err(|source| FormatError::Io {
            action: "read",
            path: path.clone(),
            source,
        })?;
        let json = |problem: serde_json::Error| TrainError::NotResumable {
            path: path.clone(),
            problem: format!("it is no request for iterative magnitude pruning ({problem})"),
        };
        let kept: Request = serde_json::from_slice(&read).map_err(json)?;
        let (kept, own) = (fields(&kept)?, fields(&self.request())?);
        match kept.into_iter().zip(own).find(|(kept, own)| kept.1 != own.1) {
            Some(((key, left), (_, right))) => {
                let difference = Difference { key, left: left.to_string(), right: right.to_string() };
                Err(TrainError::OtherRun { path, difference })
            }
            None => Ok(()),
        }
    }

    /// Writes the request, once there is a folder.
    pub(super) fn keep_request(&self) -> Result<(), TrainError> {
        let text = serde_json::to_string_pretty(&self.request()).map_err(unstorable)? + "\n";
        Ok(atomic_write(&self.folder.join(FILE), |file| file.write_all(text.as_bytes()))?)
    }
}

/// Keys and values, always in the same order.
fn fields(request: &Request) -> Result<Vec<(String, Value)>, TrainError> {
    match serde_json::to_value(request).map_err(unstorable)? {
        Value::Object(map) => Ok(map.into_iter().collect()),
        _ => Ok(Vec::new()),
    }
}

fn unstorable(error: serde_json::Error) -> TrainError {
    FormatError::Unstorable { problem: error.to_string() }.into()
}
