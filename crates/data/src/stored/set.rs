//! What a data set of official files is: its files, how they are read, and how its images reach the network.

use super::error::FileError;
use super::layout::Layout;
use super::locate::{locate, recorded_sum};
use super::partition::partition;
use super::pictures::Pictures;
use super::reader::{Samples, read_file};
use crate::augment::Augmentation;
use crate::fetch::Source;
use crate::{Constants, DataError, Dataset, Normalization, Options, data_dir};
use rarefy_core::Extent;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of a data set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DataFile {
    /// Official name, not packed.
    pub(crate) name: &'static str,
    /// What it must look like.
    pub(crate) layout: Layout,
    /// MD5 of its content, where one is published.
    pub(crate) md5: Option<&'static str>,
}

/// Mean and standard deviation a channel, of pixels in 0..=1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MeanStd {
    pub(crate) mean: &'static [f64],
    pub(crate) std: &'static [f64],
}

/// A data set of official files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Set {
    /// Name in the registry.
    pub(crate) name: &'static str,
    /// Number of classes.
    pub(crate) classes: usize,
    /// Extent of a stored image.
    pub(crate) extent: Extent,
    /// Folders under the data directory that may hold the files; fetching puts them into the first.
    pub(crate) folders: &'static [&'static str],
    /// Files of the training images and labels.
    pub(crate) train: &'static [DataFile],
    /// Files of the test images and labels.
    pub(crate) test: &'static [DataFile],
    /// What training images get.
    pub(crate) augmentation: Augmentation,
    /// Share of the training images held out by default.
    pub(crate) valid_split: f64,
    /// Constants of the data.
    pub(crate) standard: MeanStd,
    /// Constants of the published code, where they differ.
    pub(crate) published: Option<MeanStd>,
    /// Whether images may get a border to 32 x 32.
    pub(crate) pads_to_32: bool,
    /// Where the files come from, best first.
    pub(crate) sources: &'static [Source],
}

impl Set {
    /// All files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &'static DataFile> {
        self.train.iter().chain(self.test)
    }

    /// Opens the data set, checking structure and checksum of every file.
    pub(crate) fn open(&'static self, options: &Options) -> Result<Arc<dyn Dataset>, DataError> {
        let normalization = self.normalization(options.normalization)?;
        let border = match (options.pad_to_32, self.pads_to_32) {
            (false, _) => 0,
            (true, true) => 2,
            (true, false) => return Err(self.refuse("pad_to_32", "it is for mnist alone".into())),
        };
        let share = options.valid_split.unwrap_or(self.valid_split);
        let images: u32 =
            self.train.iter().filter(|file| file.layout.pixels > 0).map(|f| f.layout.records).sum();
        let splits = partition(images, share, options.split_seed)
            .map_err(|problem| self.refuse("valid_split", problem))?;
        let dir = data_dir(options.data_dir.as_deref())?;
        let (folder, paths) =
            locate(self, &dir).map_err(|path| DataError::Missing { dataset: self.name.into(), path })?;
        let (mut train, mut test) = (Samples::default(), Samples::default());
        for (samples, files) in [(&mut train, self.train), (&mut test, self.test)] {
            samples.reserve(files.iter().map(|file| &file.layout)).map_err(|error| self.bad(error))?;
        }
        for (index, (file, path)) in self.files().zip(&paths).enumerate() {
            let samples = if index < self.train.len() { &mut train } else { &mut test };
            file.read(&folder, path, samples).map_err(|error| self.bad(error))?;
        }
        Ok(Arc::new(Pictures::new(self, normalization, border, splits, train, test)))
    }

    /// The folder under `dir` that holds all files.
    pub(crate) fn folder_in(&self, dir: &Path) -> Option<PathBuf> {
        locate(self, dir).ok().map(|(folder, _)| folder)
    }

    fn normalization(&self, constants: Constants) -> Result<Normalization, DataError> {
        let MeanStd { mean, std } = match constants {
            Constants::Standard => self.standard,
            Constants::Published => self.published.ok_or_else(|| {
                self.refuse("normalization", "it is `published`, but the choices are: standard".into())
            })?,
        };
        Ok(Normalization { mean: mean.to_vec(), std: std.to_vec() })
    }

    /// An error with one of the files.
    pub(crate) fn bad(&self, error: FileError) -> DataError {
        DataError::File { dataset: self.name.into(), error }
    }

    fn refuse(&self, option: &'static str, problem: String) -> DataError {
        DataError::Option { dataset: self.name.into(), option, problem }
    }
}

impl DataFile {
    /// Appends the content of the file at `path` to `samples`, checked against its published sum or that recorded in
    /// `folder` when it was fetched. Returns its MD5 and whether there was a sum to check it by.
    pub(crate) fn read(
        &self,
        folder: &Path,
        path: &Path,
        samples: &mut Samples,
    ) -> Result<(String, bool), FileError> {
        let found = read_file(&self.layout, path, samples)?;
        let expected = match self.md5 {
            Some(sum) => Some(sum.to_owned()),
            None => recorded_sum(folder, self.name)?,
        };
        match expected {
            Some(expected) if expected != found => Err(FileError::Checksum {
                path: path.to_owned(),
                expected: format!("MD5 {expected}"),
                found: format!("MD5 {found}"),
            }),
            expected => Ok((found, expected.is_some())),
        }
    }
}
