//! Names people type: look-up, and the nearest right one when there is none.

use rarefy_core::{same_name, suggest};
use std::fmt;

/// A name that is none of the choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// What the name should have been, e.g. `optimizer`.
    pub what: &'static str,
    /// The name given.
    pub found: String,
    /// Every right name.
    pub choices: Vec<String>,
}

impl UnknownName {
    /// The choice most like what was given, if any is alike.
    pub fn nearest(&self) -> Option<&str> {
        suggest(&self.found, self.choices.iter().map(String::as_str))
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} `{}`", self.what, self.found)?;
        if let Some(nearest) = self.nearest() {
            write!(f, ", did you mean `{nearest}`?")?;
        }
        write!(f, " (choices: {})", self.choices.join(", "))
    }
}

impl std::error::Error for UnknownName {}

/// The value called `name`; names compare as [`same_name`] does.
pub(crate) fn pick<T: Copy>(what: &'static str, name: &str, choices: &[(&str, T)]) -> Result<T, UnknownName> {
    match choices.iter().find(|(choice, _)| same_name(choice, name)) {
        Some((_, value)) => Ok(*value),
        None => Err(UnknownName {
            what,
            found: name.to_owned(),
            choices: choices.iter().map(|(choice, _)| (*choice).to_owned()).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_lists_the_choices() {
        let error = pick("optimizer", "sdg", &[("sgd", 1), ("adam", 2)]).unwrap_err();
        assert_eq!(error.to_string(), "unknown optimizer `sdg`, did you mean `sgd`? (choices: sgd, adam)");
        assert_eq!(pick("optimizer", "ADAM", &[("sgd", 1), ("adam", 2)]), Ok(2));
    }
}
