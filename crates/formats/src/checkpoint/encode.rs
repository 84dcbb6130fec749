//! From a parameter store to tensors.

use super::extras::{Extra, Extras, PREFIX};
use super::header::Tensor;
use super::meta::{Content, Meta, ParameterInfo};
use super::sound;
use crate::FormatError;
use rarefy_core::Pattern;
use rarefy_core::memory::{self, OutOfMemory};
use rarefy_nn::params::{Column, ParamStore};
use safetensors::Dtype;
use std::borrow::Cow;

/// Columns a checkpoint may hold with their tensor names, in file order; the gradient is never kept between steps.
pub(super) const COLUMNS: [(Column, &str); 3] =
    [(Column::Value, "value"), (Column::Momentum, "momentum"), (Column::SecondMoment, "second_moment")];
pub(super) const RUNNING_MEAN: &str = "running_mean";
pub(super) const RUNNING_VAR: &str = "running_var";
pub(super) const ROW_STARTS: &str = "row_starts";
pub(super) const TAPS: &str = "taps";

/// What the header says and the tensors in file order: 4-byte numbers first, so that all are aligned.
///
/// # Errors
/// [`FormatError::Unstorable`] for what a reader refuses, memory that cannot be had.
pub(super) fn encode<'a>(
    meta: &Meta,
    store: &'a ParamStore,
    extras: &'a Extras,
) -> Result<(Content, Vec<Tensor<'a>>), FormatError> {
    sound::check_meta(meta)
        .and_then(|()| sound::check_numbers(store, extras))
        .map_err(|error| FormatError::Unstorable { problem: error.to_string() })?;
    // A column of nothing but +0.0 (no momentum, no Adam, no step yet) needs no room: it is what a new store holds.
    let used = |column| column == Column::Value || store.column(column).iter().any(|x| x.to_bits() != 0);
    let columns: Vec<_> = COLUMNS.into_iter().filter(|&(column, _)| used(column)).collect();
    let f32s = |name: &'static str, values| {
        f32_bytes(values).map(|data| Tensor { name: name.into(), dtype: Dtype::F32, data })
    };
    let mut tensors = columns
        .iter()
        .map(|&(column, name)| f32s(name, store.column(column)))
        .collect::<Result<Vec<_>, _>>()?;
    tensors.push(f32s(RUNNING_MEAN, store.running_mean())?);
    tensors.push(f32s(RUNNING_VAR, store.running_var())?);
    for (name, extra) in extras {
        let (dtype, data) = match extra {
            Extra::F32(values) => (Dtype::F32, f32_bytes(values)?),
            Extra::U32(values) => {
                let bytes = values.iter().map(|value| value.to_le_bytes());
                (Dtype::U32, Cow::Owned(packed(values.len(), bytes)?))
            }
        };
        tensors.push(Tensor { name: format!("{PREFIX}{name}").into(), dtype, data });
    }
    let len = store.patterns().iter().map(|pattern| pattern.row_starts().len()).sum();
    let starts = store.patterns().iter().flat_map(Pattern::row_starts);
    let data = Cow::Owned(packed(len, starts.map(|start| start.to_le_bytes()))?);
    tensors.push(Tensor { name: ROW_STARTS.into(), dtype: Dtype::U32, data });
    tensors.push(taps(store.patterns())?);

    let mut meta = meta.clone();
    meta.state.sort_all_objects();
    let parameters = store
        .views()
        .iter()
        .map(|view| ParameterInfo {
            name: view.parameter.name.clone(),
            shape: view.parameter.shape.clone(),
            block: view.pattern.and_then(|pattern| store.patterns().get(pattern)).map(Pattern::block),
            nnz: view.range.len(),
        })
        .collect();
    let columns = columns.into_iter().map(|(_, name)| name.to_owned()).collect();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Ok((Content { version, meta, parameters, columns }, tensors))
}

/// Taps in 16 bits if every layer's fit, else in 32.
fn taps(patterns: &[Pattern]) -> Result<Tensor<'static>, OutOfMemory> {
    let len = patterns.iter().map(Pattern::blocks).sum();
    let taps = || patterns.iter().flat_map(Pattern::taps).copied();
    let (dtype, data) = match taps().all(|tap| tap <= u32::from(u16::MAX)) {
        true => (Dtype::U16, packed(len, taps().map(|tap| (tap as u16).to_le_bytes()))?),
        false => (Dtype::U32, packed(len, taps().map(u32::to_le_bytes))?),
    };
    Ok(Tensor { name: TAPS.into(), dtype, data: Cow::Owned(data) })
}

fn f32_bytes(values: &[f32]) -> Result<Cow<'_, [u8]>, OutOfMemory> {
    if cfg!(target_endian = "little") {
        return Ok(Cow::Borrowed(bytemuck::cast_slice(values)));
    }
    packed(values.len(), values.iter().map(|value| value.to_le_bytes())).map(Cow::Owned)
}

/// The bytes of `len` numbers.
fn packed<const N: usize>(
    len: usize,
    numbers: impl Iterator<Item = [u8; N]>,
) -> Result<Vec<u8>, OutOfMemory> {
    let mut bytes = memory::room(len.saturating_mul(N), "a tensor of the checkpoint")?;
    numbers.for_each(|number| bytes.extend_from_slice(&number));
    Ok(bytes)
}
