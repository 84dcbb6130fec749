//! Which files are golden data: one line per kind in [`KINDS`].

use crate::tally::Outcome;
use crate::{densities, dst_steps, eval_metrics, saliency, schedules, train_step};
use std::path::{Path, PathBuf};

/// A kind of golden file, recognized by its name.
pub(crate) struct Kind {
    prefix: &'static str,
    suffix: &'static str,
    check: fn(&Path) -> Result<Outcome, String>,
}

const KINDS: &[Kind] = &[
    Kind { prefix: "densities", suffix: ".json", check: densities::check },
    Kind { prefix: "eval_metrics", suffix: ".safetensors", check: eval_metrics::check },
    Kind { prefix: "dst_steps", suffix: ".json", check: dst_steps::check },
    Kind { prefix: "lr_schedules", suffix: ".json", check: schedules::check },
    Kind { prefix: "saliency", suffix: ".safetensors", check: saliency::check },
    Kind { prefix: "train_step_", suffix: ".safetensors", check: train_step::check },
];

/// A file of a known kind.
pub(crate) struct Found {
    pub(crate) name: String,
    path: PathBuf,
    kind: &'static Kind,
}

impl Found {
    /// Checks the file; one that cannot be read or understood is not ok and says why.
    pub(crate) fn check(&self) -> Outcome {
        (self.kind.check)(&self.path).unwrap_or_else(Outcome::broken)
    }
}

/// Name patterns of all kinds, for people.
pub(crate) fn names() -> String {
    let pattern = |kind: &Kind| {
        let any = if kind.prefix.ends_with('_') { "*" } else { "" };
        format!("{}{any}{}", kind.prefix, kind.suffix)
    };
    KINDS.iter().map(pattern).collect::<Vec<_>>().join(", ")
}

/// Files of known kinds in `dir`, by name.
pub(crate) fn find(dir: &Path) -> std::io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).map(String::from) else { continue };
        if let Some(kind) = KINDS.iter().find(|kind| kind.matches(&name)) {
            found.push(Found { name, path, kind });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

impl Kind {
    /// A prefix that ends in `_` is followed by a model's name; any other is the whole stem.
    fn matches(&self, name: &str) -> bool {
        let middle = name.strip_prefix(self.prefix).and_then(|rest| rest.strip_suffix(self.suffix));
        middle.is_some_and(|middle| middle.is_empty() != self.prefix.ends_with('_'))
    }
}
