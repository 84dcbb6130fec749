//! From a file's bytes to a parameter store. Nothing in the file is trusted: every length is checked before it is used.

use super::encode::{COLUMNS, ROW_STARTS, RUNNING_MEAN, RUNNING_VAR, TAPS};
use super::extras::{Extra, Extras, PREFIX};
use super::meta::{Content, Meta, ParameterInfo};
use super::seal::{self, LENGTH_FIELD};
use super::{Checkpoint, header, sound};
use crate::FormatError;
use rarefy_core::{Block, Pattern, WeightShape, memory};
use rarefy_nn::graph::{Graph, Parameter, Role};
use rarefy_nn::models;
use rarefy_nn::params::{Column, ParamStore, StoreError};
use safetensors::Dtype;
use safetensors::tensor::Metadata;

/// Largest image side, channel and class count of a network built by name, and numbers in an image.
const MAX_EXTENT: usize = 1 << 24;
const MAX_IMAGE: usize = 1 << 31;

/// What memory for the content of a file is for.
const TENSOR: &str = "a tensor of the checkpoint";

/// Verifies `file` and rebuilds the network: `graph`, or the one its name stands for.
pub(super) fn decode(file: &[u8], graph: Option<&Graph>) -> Result<Checkpoint, FormatError> {
    seal::verify(file)?;
    let file_len = file.len() as u64;
    let end = LENGTH_FIELD + header::length(file, file_len)? as usize;
    let text = file.get(LENGTH_FIELD..end).unwrap_or_default();
    let (metadata, content) = header::parse(text, file_len)?;
    let tensors = Tensors { metadata, data: file.get(end..).unwrap_or_default() };
    let store = match graph {
        Some(graph) => {
            content.meta.expect(graph)?;
            restore(graph, &content, &tensors)?
        }
        None => restore(&known_graph(&content.meta)?, &content, &tensors)?,
    };
    let extras = extras(&tensors)?;
    sound::check_numbers(&store, &extras)?;
    Ok(Checkpoint { meta: content.meta, store, extras })
}

fn extras(tensors: &Tensors<'_>) -> Result<Extras, FormatError> {
    let mut extras = Extras::new();
    for (full, info) in tensors.metadata.tensors() {
        let Some(name) = full.strip_prefix(PREFIX) else { continue };
        let len = info.shape.iter().fold(1usize, |len, &extent| len.saturating_mul(extent));
        let extra = match info.dtype {
            Dtype::U32 => Extra::U32(memory::collected(len, tensors.u32s(&full, len)?, TENSOR)?),
            _ => Extra::F32(memory::collected(len, tensors.f32s(&full, len)?, TENSOR)?),
        };
        extras.insert(name.to_owned(), extra);
    }
    Ok(extras)
}

fn known_graph(meta: &Meta) -> Result<Graph, FormatError> {
    let extents = [meta.extent.channels, meta.extent.height, meta.extent.width];
    let image = extents.iter().try_fold(1usize, |product, &extent| product.checked_mul(extent));
    let possible = |extent: &usize| (1..=MAX_EXTENT).contains(extent);
    if !extents.iter().all(possible) || !possible(&meta.classes) || image.is_none_or(|len| len > MAX_IMAGE) {
        let problem = format!(
            "images and classes must be from 1 to {MAX_EXTENT}, found {} images and {} classes",
            meta.extent, meta.classes
        );
        return Err(FormatError::Header { problem });
    }
    Ok(models::build(&meta.model, meta.extent, meta.classes)?)
}

fn restore(graph: &Graph, content: &Content, tensors: &Tensors<'_>) -> Result<ParamStore, FormatError> {
    check_parameters(graph.parameters(), &content.parameters)?;
    let patterns = patterns(graph, &content.parameters, tensors)?;
    // The store is made only once the file is known to hold numbers for all of it.
    let lengths = content.parameters.iter().map(|parameter| parameter.nnz);
    let len = lengths.fold(0, usize::saturating_add);
    let channels = graph.batch_norms().map(|(_, node)| node.extent.channels).sum();
    if let Some(unknown) =
        content.columns.iter().find(|stored| COLUMNS.iter().all(|(_, name)| stored != name))
    {
        return Err(FormatError::Header { problem: format!("`{unknown}` is no column of a network") });
    }
    let mut columns = Vec::new();
    for (column, name) in COLUMNS {
        if column != Column::Value && !content.columns.iter().any(|stored| stored == name) {
            continue;
        }
        columns.push((column, tensors.f32s(name, len)?));
    }
    let (mean, var) = (tensors.f32s(RUNNING_MEAN, channels)?, tensors.f32s(RUNNING_VAR, channels)?);
    let mut store = ParamStore::new(graph, patterns).map_err(|error| match error {
        StoreError::Memory(error) => error.into(),
        other => FormatError::Header { problem: other.to_string() },
    })?;
    for (column, numbers) in columns {
        copy(store.column_mut(column), numbers);
    }
    let (running_mean, running_var) = store.running_mut();
    copy(running_mean, mean);
    copy(running_var, var);
    Ok(store)
}

fn copy(target: &mut [f32], source: impl Iterator<Item = f32>) {
    target.iter_mut().zip(source).for_each(|(target, source)| *target = source);
}

fn check_parameters(expected: &[Parameter], found: &[ParameterInfo]) -> Result<(), FormatError> {
    if expected.len() != found.len() {
        let count = |len| format!("{len} parameters");
        return Err(FormatError::AnotherModel { expected: count(expected.len()), found: count(found.len()) });
    }
    for (expected, found) in expected.iter().zip(found) {
        if expected.name != found.name || expected.shape != found.shape {
            return Err(FormatError::AnotherModel {
                expected: format!("`{}` {:?}", expected.name, expected.shape),
                found: format!("`{}` {:?}", found.name, found.shape),
            });
        }
        if expected.role != Role::Weight && found.nnz != expected.len() {
            let problem =
                format!("`{}` should have {} numbers, found {}", found.name, expected.len(), found.nnz);
            return Err(FormatError::Header { problem });
        }
    }
    Ok(())
}

/// Where one layer's pattern lies in the row starts and taps.
struct Layer<'a> {
    info: &'a ParameterInfo,
    shape: WeightShape,
    block: Block,
    starts: usize,
    taps: usize,
}

impl<'a> Layer<'a> {
    fn new(shape: WeightShape, info: &'a ParameterInfo) -> Result<Self, FormatError> {
        let bad =
            |problem: &str| FormatError::Pattern { parameter: info.name.clone(), problem: problem.into() };
        let block = info.block.ok_or_else(|| bad("its block is missing"))?;
        // Bounded before anything is multiplied.
        if !(1..=shape.outputs).contains(&block.rows) || !(1..=shape.inputs).contains(&block.columns) {
            return Err(bad("a block must be at least 1 x 1 and no larger than the weight"));
        }
        if info.nnz > shape.len() || !info.nnz.is_multiple_of(block.len()) {
            return Err(bad(
                "the number of weights must be a multiple of the block and no larger than the dense weight",
            ));
        }
        Ok(Self { info, shape, block, starts: shape.outputs / block.rows + 1, taps: info.nnz / block.len() })
    }
}

fn patterns(
    graph: &Graph,
    parameters: &[ParameterInfo],
    tensors: &Tensors<'_>,
) -> Result<Vec<Pattern>, FormatError> {
    let mut layers = Vec::new();
    for (parameter, info) in graph.parameters().iter().zip(parameters) {
        if let (Role::Weight, Some(shape)) = (parameter.role, graph.node(parameter.node).op.weight()) {
            layers.push(Layer::new(shape, info)?);
        }
    }
    let mut starts = tensors.u32s(ROW_STARTS, layers.iter().map(|layer| layer.starts).sum())?;
    let mut taps = tensors.u32s(TAPS, layers.iter().map(|layer| layer.taps).sum())?;
    let build = |layer: Layer<'_>| {
        let row_starts = memory::collected(layer.starts, starts.by_ref(), TENSOR)?;
        let taps = memory::collected(layer.taps, taps.by_ref(), TENSOR)?;
        Pattern::new(layer.shape, layer.block, row_starts, taps).map_err(|error| FormatError::Pattern {
            parameter: layer.info.name.clone(),
            problem: error.to_string(),
        })
    };
    layers.into_iter().map(build).collect()
}

/// The tensors of a file.
struct Tensors<'a> {
    metadata: Metadata,
    data: &'a [u8],
}

impl<'a> Tensors<'a> {
    fn f32s(&self, name: &str, len: usize) -> Result<impl Iterator<Item = f32> + use<'a>, FormatError> {
        let (_, data) = self.flat(name, len, &[Dtype::F32])?;
        Ok(data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)))
    }

    /// 32-bit integers, stored in 16 or 32 bits.
    fn u32s(&self, name: &str, len: usize) -> Result<impl Iterator<Item = u32> + use<'a>, FormatError> {
        let (dtype, data) = self.flat(name, len, &[Dtype::U16, Dtype::U32])?;
        let (narrow, wide) = if dtype == Dtype::U16 { (data, &[][..]) } else { (&[][..], data) };
        let narrow = narrow.as_chunks().0.iter().map(|&bytes| u32::from(u16::from_le_bytes(bytes)));
        Ok(narrow.chain(wide.as_chunks().0.iter().map(|&bytes| u32::from_le_bytes(bytes))))
    }

    fn flat(&self, name: &str, len: usize, dtypes: &[Dtype]) -> Result<(Dtype, &'a [u8]), FormatError> {
        let missing = || FormatError::MissingTensor { name: name.into() };
        let info = self.metadata.info(name).ok_or_else(missing)?;
        let data = self.data.get(info.data_offsets.0..info.data_offsets.1).ok_or_else(missing)?;
        if info.shape == [len] && dtypes.contains(&info.dtype) {
            return Ok((info.dtype, data));
        }
        let kinds = dtypes.iter().map(|dtype| format!("{dtype:?}")).collect::<Vec<_>>().join(" or ");
        Err(FormatError::Tensor {
            name: name.into(),
            expected: format!("{kinds} [{len}]"),
            found: format!("{:?} {:?}", info.dtype, info.shape),
        })
    }
}
