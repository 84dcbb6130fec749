//! The Python that the peers run in.

use super::note;
use crate::process::run;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the figures are compared with.
const TORCH: [&str; 2] = ["torch==2.15.0", "numpy"];
/// SparseProp compiles itself and needs these and a C++ compiler.
const SPARSEPROP: [&str; 2] = ["sparseprop==0.1.14", "scipy"];
const BUILD_TOOLS: [&str; 3] = ["setuptools", "wheel", "pybind11"];

/// A Python with torch: `given`, or the one under `target/peers`, which is made when it is missing.
pub(super) fn python(root: &Path, given: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(given) = given {
        return match has_torch(given) {
            true => Ok(given.to_owned()),
            false => Err(format!("{} cannot import torch", given.display())),
        };
    }
    let folder = root.join("target").join("peers");
    let python = folder.join("bin").join("python");
    if !has_torch(&python) {
        install(&folder, &python)
            .map_err(|problem| format!("{problem}; --python takes one that has torch"))?;
    }
    Ok(python)
}

fn install(folder: &Path, python: &Path) -> Result<(), String> {
    note("Installing PyTorch under target/peers: a few GB, once.");
    run(quietly(Command::new("python3").args(["-m", "venv"]).arg(folder)))?;
    let pip = |packages: &[&str]| run(quietly(&mut pip(folder, python, packages)));
    pip(&TORCH)?;
    // Its absence costs one column.
    let sparseprop = pip(&BUILD_TOOLS).and_then(|()| pip(&SPARSEPROP));
    sparseprop.unwrap_or_else(|problem| note(&format!("SparseProp is left out: {problem}")));
    Ok(())
}

fn pip(folder: &Path, python: &Path, packages: &[&str]) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--quiet", "--no-build-isolation"]).args(packages);
    // SparseProp's build looks for `pip` and `python3` on the path.
    let old = std::env::var_os("PATH").unwrap_or_default();
    let path = [folder.join("bin")].into_iter().chain(std::env::split_paths(&old));
    if let Ok(path) = std::env::join_paths(path) {
        command.env("PATH", path);
    }
    command
}

/// Standard output is for the tables.
fn quietly(command: &mut Command) -> &mut Command {
    command.stdout(Stdio::null())
}

fn has_torch(python: &Path) -> bool {
    let mut command = Command::new(python);
    let status = command.args(["-c", "import torch"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_that_is_not_there_is_an_error_that_names_it() {
        let error = python(Path::new("."), Some(Path::new("./no/such/python"))).unwrap_err();
        assert!(error.contains("no/such/python cannot import torch"), "{error}");
    }
}
