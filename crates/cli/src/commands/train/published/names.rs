//! Names of the published rules for dynamic patterns.

use rarefy::core::{same_name, suggest};

/// `--growth`.
pub(super) const GROWTH: &[&str] = &["random", "random_unfired", "momentum", "momentum_neuron", "gradient"];
/// `--death`.
pub(super) const DEATH: &[&str] = &["magnitude", "SET", "Taylor_FO", "threshold"];
/// `--decay-schedule`.
pub(super) const DECAY_SCHEDULE: &[&str] = &["cosine", "linear"];
/// The published spelling of `name`, or what to tell clap.
pub(super) fn one_of(choices: &'static [&'static str], name: &str) -> Result<&'static str, String> {
    if let Some(choice) = choices.iter().find(|choice| same_name(choice, name)) {
        return Ok(choice);
    }
    let nearest = suggest(name, choices.iter().copied());
    let meant = nearest.map_or(String::new(), |nearest| format!("did you mean `{nearest}`? "));
    Err(format!("{meant}choices: {}", choices.join(", ")))
}
