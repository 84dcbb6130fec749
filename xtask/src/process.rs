//! Running programs and telling people.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// Done, or what went wrong in one line.
pub(crate) type Outcome = Result<(), String>;

/// Prints a line. Nobody may be listening (`| head`): that is no error.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// The cargo that runs this program, in `folder`.
pub(crate) fn cargo<I: AsRef<OsStr>>(folder: &Path, args: impl IntoIterator<Item = I>) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.current_dir(folder).args(args);
    command
}

/// Runs a program with this one's input and output; anything but exit code 0 is an error.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let line = describe(command);
    say(&format!("$ {line}"));
    let status = command.status().map_err(|error| format!("`{line}` did not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed ({status})")) }
}

/// The command as one would type it: program without its folder, variables set for it first.
pub(crate) fn describe(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let set = set.map(|(name, value)| format!("{}=\"{}\"", name.display(), value.display()));
    let program = Path::new(command.get_program());
    let program = program.file_stem().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args()).map(|word| word.display().to_string());
    set.chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    #[test]
    fn a_command_reads_as_it_is_typed() {
        let mut command = Command::new("/a/folder/cargo");
        command.args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(describe(&command), "RUSTDOCFLAGS=\"-D warnings\" cargo doc --no-deps");
    }

    #[test]
    fn a_program_that_fails_or_does_not_exist_is_an_error() {
        let quiet = |args| run(cargo(Path::new("."), args).stdout(Stdio::null()).stderr(Stdio::null()));
        assert_eq!(quiet(["--version"]), Ok(()));
        let failed = quiet(["no-such-command"]).unwrap_err();
        assert!(failed.starts_with("`cargo no-such-command` failed"), "{failed}");
        let absent = run(&mut Command::new("./no/such/program")).unwrap_err();
        assert!(absent.starts_with("`program` did not start"), "{absent}");
    }
}
