//! Why runs cannot be compared.

use super::{Member, Seeds};

/// Runs that would make a comparison wrong, by name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupingError {
    /// One name, two times.
    #[error("`{name}` is named twice, and a run counts once: name every run once")]
    NamedTwice {
        /// The run.
        name: String,
    },
    /// Copies.
    #[error(
        "{} hold the same network, weight by weight, which counts once: leave all but one of them away",
        list(names)
    )]
    SameNetwork {
        /// All runs that hold it.
        names: Vec<String>,
    },
    /// Runs that are no independent measurements, e.g. two epochs of one run.
    #[error(
        "{} are of one setting and have the same seeds ({seeds}), which count once: leave all but one of them away",
        list(names)
    )]
    SameSeeds {
        /// All runs of these seeds.
        names: Vec<String>,
        /// The seeds.
        seeds: Seeds,
    },
    /// Nothing to pair.
    #[error(
        "no run of {} has the seeds of a run of {}, so nothing can be paired: train both with the same seeds, or evaluate \
         them without a comparison",
        setting(a),
        setting(b)
    )]
    NoSharedSeeds {
        /// Label and runs of the one setting.
        a: (String, Vec<Member>),
        /// Label and runs of the other.
        b: (String, Vec<Member>),
    },
}

/// "`a`, `b` and `c`".
fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match &quoted[..] {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// "`density=0.1` (a: seed 1; b: seed 2)".
fn setting((label, runs): &(String, Vec<Member>)) -> String {
    let each: Vec<String> = runs.iter().map(|run| format!("{}: {}", run.name, run.seeds)).collect();
    format!("`{label}` ({})", each.join("; "))
}
