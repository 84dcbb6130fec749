//! What a setting is called.

use super::Settings;

/// The keys in which the setting `own` differs from another one of `all`, with their values; where there is no other, the
/// model.
pub(super) fn label(own: &Settings, all: &[&Settings]) -> String {
    let differs = |key: &String| all.iter().any(|other| other.get(key) != own.get(key));
    let text = |key: &String| format!("{key}={}", own.get(key).map_or("default", String::as_str));
    let mut keys: Vec<&String> =
        all.iter().flat_map(|other| other.keys()).filter(|key| differs(key)).collect();
    keys.sort();
    keys.dedup();
    match keys.is_empty() {
        true => own.keys().filter(|key| *key == "model").map(text).collect(),
        false => keys.into_iter().map(text).collect::<Vec<_>>().join(" "),
    }
}
