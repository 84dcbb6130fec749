//! A moving pattern in checkpoints.

use super::{Dynamic, UpdateRecord};
use rarefy_core::memory::{self, OutOfMemory};
use rarefy_formats::{Extra, Extras};
use rarefy_nn::params::{Column, ParamStore};
use rarefy_sparsity::Fired;
use rarefy_sparsity::grow::DenseScore;
use serde::{Deserialize, Serialize};

/// What is not tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DynamicState {
    /// Updates of the epoch under way.
    pub(crate) updates: Vec<UpdateRecord>,
}

/// Positions that have ever had a block, one bit each, layer by layer from a fresh word on.
const FIRED: &str = "fired";
/// Running average of the dense gradient, layer by layer.
const SCORE: &str = "dense_score";
/// The gradient column, where the next update reads it.
const GRADIENT: &str = "gradient";

/// What memory for them is for.
const KEPT: &str = "what the training method keeps";

impl Dynamic {
    pub(crate) fn state(&self) -> DynamicState {
        DynamicState { updates: self.updates.clone() }
    }

    fn keeps_scores(&self) -> bool {
        self.settings.rules.grow.dense() == DenseScore::Momentum
    }

    fn keeps_gradient(&self) -> bool {
        self.settings.rules.columns().gradient
    }

    /// What a checkpoint needs beside network and state.
    ///
    /// # Errors
    /// Memory that cannot be had.
    pub(crate) fn extras(&self, store: &ParamStore) -> Result<Extras, OutOfMemory> {
        let mut extras = Extras::new();
        let words = || self.fired.iter().flat_map(Fired::words);
        let halves = words().flat_map(|word| [*word as u32, (*word >> 32) as u32]);
        let len = self.fired.iter().map(|fired| 2 * fired.words().len()).sum();
        extras.insert(FIRED.to_owned(), Extra::U32(memory::collected(len, halves, KEPT)?));
        if self.keeps_scores() {
            let scores = self.scores.iter().flatten().copied();
            let len = self.scores.iter().map(Vec::len).sum();
            extras.insert(SCORE.to_owned(), Extra::F32(memory::collected(len, scores, KEPT)?));
        }
        if self.keeps_gradient() {
            let gradient = memory::copied(store.column(Column::Gradient), KEPT)?;
            extras.insert(GRADIENT.to_owned(), Extra::F32(gradient));
        }
        Ok(extras)
    }

    /// Bytes that [`Dynamic::check`] takes, about.
    pub(crate) fn kept_bytes(&self) -> u64 {
        let fired: u64 = self.fired.iter().map(|fired| memory::bytes_of::<u64>(fired.words().len())).sum();
        let scores: u64 = self.scores.iter().map(|scores| memory::bytes_of::<f32>(scores.len())).sum();
        2 * fired + scores
    }

    /// Checks what a checkpoint holds and puts the gradient into `store`; [`Restored`] then goes into [`Dynamic::restore`].
    ///
    /// # Errors
    /// What is missing or of the wrong length.
    pub(crate) fn check(
        &self,
        state: Option<DynamicState>,
        extras: &Extras,
        store: &mut ParamStore,
    ) -> Result<Restored, String> {
        let state = state.ok_or("it knows nothing of a moving pattern")?;
        let words: Vec<u64> = match extras.get(FIRED) {
            Some(Extra::U32(halves)) => halves
                .chunks(2)
                .map(|pair| pair.iter().rev().fold(0, |word, &half| word << 32 | u64::from(half)))
                .collect(),
            _ => return Err(format!("its tensor `extra.{FIRED}` is missing")),
        };
        let (mut rest, mut fired) = (&words[..], Vec::new());
        for old in &self.fired {
            let wrong = || format!("its tensor `extra.{FIRED}` is not that of this network");
            let (own, other) = rest.split_at_checked(old.words().len()).ok_or_else(wrong)?;
            fired.push(Fired::from_words(own.to_vec(), old.positions()).ok_or_else(wrong)?);
            rest = other;
        }
        let mut layers = fired.iter().zip(store.patterns());
        if layers.any(|(fired, pattern)| pattern.iter_positions().any(|position| !fired.contains(position))) {
            return Err(format!("its tensor `extra.{FIRED}` does not know all of its weights"));
        }
        let mut scores = self.scores.clone();
        if self.keeps_scores() {
            let mut numbers = floats(extras, SCORE, scores.iter().map(Vec::len).sum())?.iter();
            for score in scores.iter_mut().flatten() {
                numbers.by_ref().take(1).for_each(|&number| *score = number);
            }
        }
        if self.keeps_gradient() {
            let gradient = floats(extras, GRADIENT, store.len())?;
            store.column_mut(Column::Gradient).copy_from_slice(gradient);
        }
        Ok(Restored { fired, scores, updates: state.updates })
    }

    pub(crate) fn restore(&mut self, restored: Restored) {
        let Restored { fired, scores, updates } = restored;
        (self.fired, self.scores, self.updates) = (fired, scores, updates);
    }
}

/// What a sound checkpoint gives back.
pub(crate) struct Restored {
    fired: Vec<Fired>,
    scores: Vec<Vec<f32>>,
    updates: Vec<UpdateRecord>,
}

fn floats<'a>(extras: &'a Extras, name: &str, len: usize) -> Result<&'a [f32], String> {
    match extras.get(name) {
        Some(Extra::F32(numbers)) if numbers.len() == len => Ok(numbers),
        Some(Extra::F32(numbers)) => {
            Err(format!("its tensor `extra.{name}` should have {len} numbers, found {}", numbers.len()))
        }
        _ => Err(format!("its tensor `extra.{name}` is missing")),
    }
}
