//! Writing to people and machines without dying of a closed pipe.

use crate::failure::Failure;
use std::fmt::{Arguments, Display};
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};

/// Tells people something. Nobody may be listening: that is no error.
pub(crate) fn note(text: Arguments<'_>) {
    let _ = writeln!(stderr().lock(), "{text}");
}

/// What a line to people is.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    Error,
    Warning,
    Hint,
}

/// Tells people something that matters, with a word in colour before it where they can see colours.
pub(crate) fn say(tone: Tone, text: impl Display) {
    let (word, colour) = match tone {
        Tone::Error => ("error:", "1;31"),
        Tone::Warning => ("warning:", "1;33"),
        Tone::Hint => ("hint:", "1;32"),
    };
    let asked_not_to = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    match stderr().is_terminal() && !asked_not_to && !dumb {
        true => note(format_args!("\x1b[{colour}m{word}\x1b[0m {text}")),
        false => note(format_args!("{word} {text}")),
    }
}

/// Gives the command's product. A reader that has seen enough (`| head`) is no error.
pub(crate) fn product(text: &str) -> Result<(), Failure> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::system(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Gives the command's product as one indented JSON value.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Failure::system(format!("JSON: {error}")))?;
    product(&(text + "\n"))
}
