//! Names people type: how they compare, and which right name was meant.

/// Whether two names are the same: letter case does not matter, `-` is `_`.
pub fn same_name(a: &str, b: &str) -> bool {
    fold(a) == fold(b)
}

/// The candidate that `name` was probably meant to be, if any is alike; ties go to the one of most equal length (letters are
/// swapped more often than lost), then to the first.
///
/// Likeness is the optimal-string-alignment distance (insert, delete, replace, swap neighbours) of names as
/// [`same_name`] sees them, at most half the longer name's length; a candidate that begins with `name` always qualifies.
pub fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = fold(name);
    if wanted.is_empty() {
        return None;
    }
    let near = candidates.into_iter().filter_map(|candidate| {
        let folded = fold(candidate);
        let distance = strsim::osa_distance(&wanted, &folded);
        let longest = wanted.chars().count().max(folded.chars().count());
        let longer = folded.chars().count().abs_diff(wanted.chars().count());
        (distance * 2 <= longest || folded.starts_with(&wanted)).then_some(((distance, longer), candidate))
    });
    near.min_by_key(|&(likeness, _)| likeness).map(|(_, candidate)| candidate)
}

fn fold(name: &str) -> String {
    name.trim().to_lowercase().replace('-', "_")
}
