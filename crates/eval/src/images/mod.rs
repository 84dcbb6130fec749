//! Images from outside the training distribution: by name, one file a kind.

mod folder;
mod mat;
mod named;
mod noise;
mod resize;
mod svhn;

use crate::error::EvalError;
use rarefy_core::{Extent, same_name, suggest};
use std::path::{Path, PathBuf};

pub use resize::fit;

/// A source of images that streams.
pub trait Images {
    /// Name in reports.
    fn name(&self) -> String;

    /// Number of images.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the pixels (0..=1, NCHW) of up to `most` further images, made `extent` by [`fit`]; gives their number, 0 at the
    /// end.
    ///
    /// # Errors
    /// Files that cannot be read.
    fn next(&mut self, extent: Extent, most: usize, pixels: &mut Vec<f32>) -> Result<usize, EvalError>;
}

/// What a source needs to be opened.
pub struct Request<'a> {
    /// After the `:` of its name.
    pub path: Option<PathBuf>,
    /// Folder of the data sets' files.
    pub data_dir: Option<&'a Path>,
    /// Images to make, where they are made.
    pub count: usize,
    /// Seed of what is random.
    pub seed: u64,
}

/// A kind of source.
pub struct Kind {
    /// Name on the command line.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Whether `:DIR` follows its name.
    pub takes_path: bool,
    /// Opens it.
    pub open: fn(&Request<'_>) -> Result<Box<dyn Images>, EvalError>,
}

/// Every kind of source besides the data sets that networks are trained on.
pub const REGISTRY: &[Kind] = &[svhn::KIND, folder::KIND, noise::GAUSSIAN, noise::UNIFORM];

/// Opens the source called `name`: a data set's test split, or one of [`REGISTRY`].
///
/// # Errors
/// [`EvalError::Unknown`]; files that are missing or damaged.
pub fn open(name: &str, request: &Request<'_>) -> Result<Box<dyn Images>, EvalError> {
    let (head, path) = match name.split_once(':') {
        Some((head, path)) => (head, Some(PathBuf::from(path))),
        None => (name, None),
    };
    let sets = || rarefy_data::datasets::REGISTRY.iter().map(|entry| entry.name);
    if path.is_none() && sets().any(|set| same_name(set, head)) {
        return named::open(head, request);
    }
    let kind = REGISTRY.iter().find(|kind| same_name(kind.name, head) && kind.takes_path == path.is_some());
    match kind {
        Some(kind) => (kind.open)(&Request { path, ..*request }),
        None => Err(EvalError::Unknown {
            kind: "set of images",
            name: name.to_owned(),
            nearest: suggest(head, sets().chain(REGISTRY.iter().map(|kind| kind.name))),
            choices: choices(),
        }),
    }
}

/// All names, as they are written.
pub fn choices() -> String {
    let sets = rarefy_data::datasets::REGISTRY.iter().map(|entry| entry.name.to_owned());
    let path = |kind: &Kind| if kind.takes_path { ":DIR" } else { "" };
    let kinds = REGISTRY.iter().map(|kind| format!("{}{}", kind.name, path(kind)));
    sets.chain(kinds).collect::<Vec<_>>().join(", ")
}
