//! Content that no training leaves: neither written nor taken for a network.

use super::extras::{Extra, Extras, PREFIX};
use super::meta::{DataInfo, Meta};
use crate::FormatError;
use rarefy_nn::params::{Column, ParamStore};

/// Checks that counters and constants can be those of a network in training.
///
/// # Errors
/// [`FormatError::Header`].
pub(super) fn check_meta(meta: &Meta) -> Result<(), FormatError> {
    let bad = |problem: String| Err(FormatError::Header { problem });
    if meta.step < meta.epoch {
        return bad(format!(
            "epoch {} cannot end at step {}: an epoch has a step at least",
            meta.epoch, meta.step
        ));
    }
    let Some(DataInfo { name, mean, std }) = &meta.data else { return Ok(()) };
    let channels = meta.extent.channels;
    if (mean.len(), std.len()) != (channels, channels) {
        return bad(format!(
            "the data set `{name}` should have a mean and a deviation for each of {channels} channels, found {} and {}",
            mean.len(),
            std.len()
        ));
    }
    if let Some(found) = mean.iter().find(|mean| !mean.is_finite()) {
        return bad(format!("a mean of the data set `{name}` should be finite, found {found}"));
    }
    if let Some(found) = std.iter().find(|std| !(std.is_finite() && **std > 0.0)) {
        return bad(format!("a deviation of the data set `{name}` should be above 0, found {found}"));
    }
    Ok(())
}

/// Checks that every number is finite, and that variances and second moments are no less than 0.
///
/// # Errors
/// [`FormatError::Number`], which names the first that is not.
pub(super) fn check_numbers(store: &ParamStore, extras: &Extras) -> Result<(), FormatError> {
    for (column, name) in super::encode::COLUMNS {
        let bound = if column == Column::SecondMoment { NOT_NEGATIVE } else { FINITE };
        // One pass over all; which parameter it is only matters for the message.
        if first_outside(store.column(column), bound).is_none() {
            continue;
        }
        for (view, of) in store.views().iter().enumerate() {
            check(store.slice(view, column), bound, || format!("{name} of `{}`", of.parameter.name))?;
        }
    }
    for (norm, channels) in store.norms() {
        for (numbers, bound, name) in [
            (store.running_mean(), FINITE, "running mean"),
            (store.running_var(), NOT_NEGATIVE, "running variance"),
        ] {
            let own = numbers.get(channels.clone()).unwrap_or_default();
            check(own, bound, || format!("{name} of `{norm}`"))?;
        }
    }
    for (name, extra) in extras {
        let Extra::F32(numbers) = extra else { continue };
        check(numbers, FINITE, || format!("tensor `{PREFIX}{name}`"))?;
    }
    Ok(())
}

/// What numbers may be: the least, and how that is said.
type Bound = (f32, &'static str);

const FINITE: Bound = (f32::MIN, "finite");
const NOT_NEGATIVE: Bound = (0.0, "finite and no less than 0");

fn first_outside(numbers: &[f32], (least, _): Bound) -> Option<usize> {
    numbers.iter().position(|number| !(least..=f32::MAX).contains(number))
}

fn check(numbers: &[f32], bound: Bound, place: impl Fn() -> String) -> Result<(), FormatError> {
    match first_outside(numbers, bound) {
        None => Ok(()),
        Some(index) => {
            let found = numbers.get(index).copied().unwrap_or_default();
            Err(FormatError::Number { place: place(), index, expected: bound.1, found })
        }
    }
}
