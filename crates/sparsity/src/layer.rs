//! What a density rule sees of a network.

use rarefy_core::WeightShape;

/// What a prunable weight belongs to. A linear weight and a 1 x 1 convolution have the same [`WeightShape`], but not the
/// same tensor rank, on which some rules depend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LayerKind {
    /// A convolution: `[outputs, inputs, kernel_h, kernel_w]`.
    Conv,
    /// A linear layer: `[outputs, inputs]`.
    Linear,
}

/// One prunable weight of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Parameter name, for messages and reports.
    pub name: String,
    /// Extents of the dense weight.
    pub shape: WeightShape,
    /// What it belongs to.
    pub kind: LayerKind,
}

impl Layer {
    /// A convolution weight.
    pub fn conv(
        name: impl Into<String>,
        outputs: usize,
        inputs: usize,
        kernel_h: usize,
        kernel_w: usize,
    ) -> Self {
        let shape = WeightShape::conv(outputs, inputs, kernel_h, kernel_w);
        Self { name: name.into(), shape, kind: LayerKind::Conv }
    }

    /// A linear weight.
    pub fn linear(name: impl Into<String>, outputs: usize, inputs: usize) -> Self {
        Self { name: name.into(), shape: WeightShape::linear(outputs, inputs), kind: LayerKind::Linear }
    }

    /// The tensor's extents: four of a convolution, two of a linear layer.
    pub fn extents(&self) -> Vec<usize> {
        let WeightShape { outputs, inputs, kernel_h, kernel_w } = self.shape;
        match self.kind {
            LayerKind::Conv => vec![outputs, inputs, kernel_h, kernel_w],
            LayerKind::Linear => vec![outputs, inputs],
        }
    }

    /// Number of weights of the dense layer.
    pub fn weights(&self) -> u64 {
        self.shape.len() as u64
    }
}
