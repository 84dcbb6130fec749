//! Dense safetensors with PyTorch's names: what `load_state_dict` of the published module takes.
//!
//! Every parameter is whole, with zeros where no weight exists. A batch norm `N` has besides `N.weight` and `N.bias` the
//! buffers `N.running_mean`, `N.running_var` and the scalar `N.num_batches_tracked` (I64, the optimizer steps taken).
//! `__metadata__` says `format` `pt`, `model`, `classes`, `input` (`CxHxW`), `step`, `epoch`, and, where the data are known,
//! `data`, `mean` and `std` (numbers a channel, separated by spaces). Equal networks give equal bytes.

use crate::{Checkpoint, FormatError, Meta, atomic_write};
use rarefy_core::Extent;
use rarefy_nn::params::Column;
use safetensors::Dtype;
use safetensors::tensor::TensorInfo;
use serde_json::{Map, Value};
use std::io::{self, Write};
use std::path::Path;

/// One tensor of the file.
struct Tensor {
    name: String,
    shape: Vec<usize>,
    content: Content,
}

/// Where its numbers come from; dense weights are made when they are written, one at a time.
enum Content {
    Steps(u64),
    Parameter(usize),
    Statistic(Vec<f32>),
}

/// Writes the dense network of `checkpoint` to `path`, atomically.
///
/// # Errors
/// [`FormatError::Io`], or [`FormatError::Unstorable`]; `path` is then as it was.
pub fn save_dense(path: &Path, checkpoint: &Checkpoint) -> Result<(), FormatError> {
    let tensors = tensors(checkpoint);
    let header = header(&checkpoint.meta, &tensors)
        .map_err(|error| FormatError::Unstorable { problem: error.to_string() }.at(path))?;
    atomic_write(path, |file| {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        tensors.iter().try_for_each(|tensor| tensor.write(checkpoint, file))
    })
}

/// All tensors in file order: 64-bit ones first, so that each is aligned.
fn tensors(checkpoint: &Checkpoint) -> Vec<Tensor> {
    let Checkpoint { meta, store, .. } = checkpoint;
    let counters = store.norms().iter().map(|(norm, _)| Tensor {
        name: format!("{norm}.num_batches_tracked"),
        shape: Vec::new(),
        content: Content::Steps(meta.step),
    });
    let parameters = store.views().iter().enumerate().map(|(view, place)| Tensor {
        name: place.parameter.name.clone(),
        shape: place.parameter.shape.clone(),
        content: Content::Parameter(view),
    });
    let statistics = store.norms().iter().flat_map(|(norm, channels)| {
        let both = [("running_mean", store.running_mean()), ("running_var", store.running_var())];
        both.map(|(name, numbers)| Tensor {
            name: format!("{norm}.{name}"),
            shape: vec![channels.len()],
            content: Content::Statistic(numbers.get(channels.clone()).unwrap_or_default().to_vec()),
        })
    });
    counters.chain(parameters).chain(statistics).collect()
}

fn header(meta: &Meta, tensors: &[Tensor]) -> serde_json::Result<String> {
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), metadata(meta));
    let mut end = 0;
    for tensor in tensors {
        let dtype = tensor.dtype();
        let start = end;
        let numbers = tensor.shape.iter().fold(1, |product: usize, &extent| product.saturating_mul(extent));
        end = numbers.saturating_mul(dtype.bitsize() / 8).saturating_add(end);
        let info = TensorInfo { dtype, shape: tensor.shape.clone(), data_offsets: (start, end) };
        header.insert(tensor.name.clone(), serde_json::to_value(info)?);
    }
    let mut text = serde_json::to_string(&header)?;
    let padding = text.len().next_multiple_of(8) - text.len();
    text.extend(std::iter::repeat_n(' ', padding));
    Ok(text)
}

/// Texts only, as the format wants them.
fn metadata(meta: &Meta) -> Value {
    let Extent { channels, height, width } = meta.extent;
    let mut texts = vec![
        ("format", "pt".to_owned()),
        ("model", meta.model.clone()),
        ("classes", meta.classes.to_string()),
        ("input", format!("{channels}x{height}x{width}")),
        ("step", meta.step.to_string()),
        ("epoch", meta.epoch.to_string()),
    ];
    if let Some(data) = &meta.data {
        let numbers = |numbers: &[f64]| numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
        texts.push(("data", data.name.clone()));
        texts.push(("mean", numbers(&data.mean)));
        texts.push(("std", numbers(&data.std)));
    }
    texts.into_iter().map(|(key, text)| (key.to_owned(), Value::String(text))).collect::<Map<_, _>>().into()
}

impl Tensor {
    fn dtype(&self) -> Dtype {
        match self.content {
            Content::Steps(_) => Dtype::I64,
            Content::Parameter(_) | Content::Statistic(_) => Dtype::F32,
        }
    }

    fn write(&self, checkpoint: &Checkpoint, file: &mut dyn Write) -> io::Result<()> {
        let mut floats =
            |numbers: &[f32]| numbers.iter().try_for_each(|number| file.write_all(&number.to_le_bytes()));
        match &self.content {
            Content::Steps(steps) => file.write_all(&i64::try_from(*steps).unwrap_or(i64::MAX).to_le_bytes()),
            Content::Parameter(view) => {
                let dense = checkpoint.store.try_to_dense(*view, Column::Value);
                floats(&dense.map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error))?)
            }
            Content::Statistic(numbers) => floats(numbers),
        }
    }
}
