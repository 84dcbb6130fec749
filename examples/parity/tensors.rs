//! Tensors of golden files, in f64.

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::path::Path;

/// One tensor.
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    /// Every dtype of these files is exact in f64.
    pub(crate) values: Vec<f64>,
}

/// All tensors of a file, by name.
pub(crate) fn read(path: &Path) -> Result<HashMap<String, Tensor>, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    file.iter().map(|(name, view)| Ok((name.into(), Tensor::decode(name, &view)?))).collect()
}

impl Tensor {
    fn decode(name: &str, view: &TensorView<'_>) -> Result<Self, String> {
        let bytes = view.data();
        let values = match view.dtype() {
            Dtype::F64 => numbers(bytes, f64::from_le_bytes),
            Dtype::F32 => numbers(bytes, |bytes| f64::from(f32::from_le_bytes(bytes))),
            Dtype::I64 => numbers(bytes, |bytes| i64::from_le_bytes(bytes) as f64),
            Dtype::U8 => bytes.iter().map(|&byte| f64::from(byte)).collect(),
            other => return Err(format!("tensor `{name}`: cannot read numbers of type {other:?}")),
        };
        Ok(Self { shape: view.shape().to_vec(), values })
    }
}

fn numbers<const N: usize>(bytes: &[u8], decode: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.as_chunks().0.iter().map(|&bytes| decode(bytes)).collect()
}
