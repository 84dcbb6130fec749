//! Chores of this workspace: `cargo xtask COMMAND`. One file (or folder) a command, one line in [`TASKS`].
#![forbid(unsafe_code)]

mod ci;
mod peers;
mod process;
mod scratch;

use process::{Outcome, say};
use std::path::Path;
use std::process::ExitCode;

/// A command.
pub(crate) struct Task {
    /// Name on the command line.
    name: &'static str,
    /// What it does, for the help.
    about: &'static str,
    /// Does it in the workspace at a path, with the arguments after the name.
    run: fn(&Path, &[String]) -> Outcome,
}

/// Every command.
const TASKS: &[Task] = &[ci::TASK, peers::TASK];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first().filter(|(name, _)| !is_help(name)) else {
        say(&help());
        return ExitCode::SUCCESS;
    };
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        say(&format!("error: there is no command `{name}`\n\n{}", help()));
        return ExitCode::from(2);
    };
    match (task.run)(workspace(), rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            say(&format!("error: {problem}"));
            ExitCode::FAILURE
        }
    }
}

pub(crate) fn is_help(name: &str) -> bool {
    ["help", "--help", "-h"].contains(&name)
}

fn help() -> String {
    let tasks: String = TASKS.iter().map(|task| format!("\n  {:<12}{}", task.name, task.about)).collect();
    format!("Usage: cargo xtask COMMAND\n\nCommands:{tasks}\n  {:<12}Print this", "help")
}

/// The folder of the workspace: the parent of this package's.
fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_command() {
        assert!(TASKS.iter().all(|task| help().contains(&format!("\n  {} ", task.name))));
    }

    #[test]
    fn the_workspace_is_the_folder_of_its_manifest() {
        let manifest = std::fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
        assert!(manifest.starts_with("[workspace]"));
    }
}
