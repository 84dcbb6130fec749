//! Looking up entries of registries by name.

use crate::SparsityError;
use rarefy_core::{same_name, suggest};

/// The entry called `name`; letter case does not matter, `-` is `_`.
pub(crate) fn pick<T>(
    what: &'static str,
    name: &str,
    entries: impl Iterator<Item = (&'static str, T)> + Clone,
) -> Result<T, SparsityError> {
    let names = entries.clone().map(|(name, _)| name);
    let found = { entries }.find(|(entry, _)| same_name(entry, name));
    found.map(|(_, entry)| entry).ok_or_else(|| SparsityError::UnknownName {
        what,
        name: name.into(),
        suggestion: suggest(name, names.clone()),
        choices: names.collect::<Vec<_>>().join(", "),
    })
}
