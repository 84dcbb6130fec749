//! Images from outside the training distribution: by name, one file a kind.

mod folder;
mod mat;
mod named;
mod noise;
mod picture;
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

    /// What has been left out so far because it is missing or damaged, each with the reason. Only of sources that were opened
    /// with `allow_incomplete`.
    fn left_out(&self) -> &[String] {
        &[]
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
    /// Leave out what is missing or damaged instead of failing.
    pub allow_incomplete: bool,
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
    if path.is_none() && sets().any(|set| same_name(set, head)) {
        return named::open(head, request);
    }
    let kind = REGISTRY.iter().find(|kind| same_name(kind.name, head) && kind.takes_path == path.is_some());
    match kind {
        Some(kind) => (kind.open)(&Request { path, ..*request }),
        None if takes_path(head) => Err(EvalError::NoFolder),
        None => Err(EvalError::Unknown {
            kind: "set of images",
            name: name.to_owned(),
            nearest: suggest(head, sets().chain(REGISTRY.iter().map(|kind| kind.name))),
            choices: choices(),
        }),
    }
}

/// The names in a list that is separated by commas.
///
/// In the folder of a source that takes one, a comma separates only where a name follows that [`open`] knows, and not at all if
/// the whole rest is a folder: `imagefolder:a,b,svhn` are two names unless there is a folder `a,b,svhn`.
pub fn split(list: &str) -> Vec<String> {
    let Some((first, rest)) = list.split_once(',') else { return vec![list.to_owned()] };
    let Some((_, path)) = list.split_once(':').filter(|(head, _)| takes_path(head)) else {
        return [vec![first.to_owned()], split(rest)].concat();
    };
    let known = |rest: &str| {
        let name = rest.split(',').next().unwrap_or_default();
        match name.split_once(':') {
            Some((head, _)) => takes_path(head),
            None => sets().chain(REGISTRY.iter().map(|kind| kind.name)).any(|known| same_name(known, name)),
        }
    };
    let commas = list.match_indices(',').map(|(at, _)| at);
    match commas.filter(|_| !Path::new(path).is_dir()).find(|at| known(&list[at + 1..])) {
        Some(at) => [vec![list[..at].to_owned()], split(&list[at + 1..])].concat(),
        None => vec![list.to_owned()],
    }
}

/// Whether a folder follows this name.
fn takes_path(head: &str) -> bool {
    REGISTRY.iter().any(|kind| kind.takes_path && same_name(kind.name, head))
}

/// The data sets that networks are trained on.
fn sets() -> impl Iterator<Item = &'static str> {
    rarefy_data::datasets::REGISTRY.iter().map(|entry| entry.name)
}

/// All names, as they are written.
pub fn choices() -> String {
    let sets = sets().map(str::to_owned);
    let path = |kind: &Kind| if kind.takes_path { ":DIR" } else { "" };
    let kinds = REGISTRY.iter().map(|kind| format!("{}{}", kind.name, path(kind)));
    sets.chain(kinds).collect::<Vec<_>>().join(", ")
}
