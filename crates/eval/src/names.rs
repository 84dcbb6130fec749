//! Looking names up in registries.

use crate::error::EvalError;
use rarefy_core::{same_name, suggest};

/// The entry of `registry` called `name`; `kind` is what it is, for the message.
pub(crate) fn find<'a, T>(
    kind: &'static str,
    registry: &'a [T],
    entry_name: impl Fn(&T) -> &'static str,
    name: &str,
) -> Result<&'a T, EvalError> {
    registry.iter().find(|entry| same_name(entry_name(entry), name)).ok_or_else(|| EvalError::Unknown {
        kind,
        name: name.to_owned(),
        nearest: suggest(name, registry.iter().map(&entry_name)),
        choices: registry.iter().map(&entry_name).collect::<Vec<_>>().join(", "),
    })
}
