//! Every instance of every kernel with work that fits the first cache: what benchmarks run.

mod passes;
mod products;

use crate::{Isa, tile_taps, tile_vectors};
use passes::Passes;
use products::Products;

/// A kernel as it is compiled once for an instruction set and a register tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// What it computes.
    pub kernel: KernelKind,
    /// Its instruction set.
    pub isa: Isa,
}

/// The kernels, with the numbers that they are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelKind {
    /// [`crate::spmm`] of so many output planes in a block of so many vectors.
    Spmm {
        /// 1, 2 or 4.
        rows: usize,
        /// At least 1, at most [`tile_vectors`].
        vectors: usize,
    },
    /// [`crate::sddmm`] of so many output planes and a set of so many taps.
    Sddmm {
        /// 1, 2 or 4.
        rows: usize,
        /// At least 1, at most [`tile_taps`].
        taps: usize,
    },
    /// [`crate::combine`] of one or two terms under batch norms.
    Combine {
        /// 1 or 2.
        terms: usize,
        /// Negative sums become 0.
        relu: bool,
    },
    /// [`crate::finish_gradient`] of one part, through a ReLU, into the sums of so many batch norms.
    Finish {
        /// 0, 1 or 2.
        norms: usize,
    },
    /// [`crate::row_moments`].
    RowMoments,
    /// [`crate::plane_sums`].
    PlaneSums,
    /// [`crate::reduce_accumulators`] of 16 chunks.
    Reduce,
    /// [`crate::sgd`] with momentum.
    Sgd,
    /// [`crate::adam`].
    Adam,
}

impl Instance {
    /// Every instance of this machine, instruction sets best first.
    pub fn all() -> Vec<Self> {
        let kernels = |isa: Isa| {
            let rows = [1, 2, 4];
            let spmm = rows.into_iter().flat_map(move |rows| {
                (1..=tile_vectors(rows, isa.lanes())).map(move |vectors| KernelKind::Spmm { rows, vectors })
            });
            let sddmm = rows.into_iter().flat_map(move |rows| {
                (1..=tile_taps(rows, isa.lanes())).map(move |taps| KernelKind::Sddmm { rows, taps })
            });
            let combine = [(1, false), (1, true), (2, false), (2, true)];
            let combine = combine.into_iter().map(|(terms, relu)| KernelKind::Combine { terms, relu });
            let finish = (0..=2).map(|norms| KernelKind::Finish { norms });
            let others = [
                KernelKind::RowMoments,
                KernelKind::PlaneSums,
                KernelKind::Reduce,
                KernelKind::Sgd,
                KernelKind::Adam,
            ];
            let all = spmm.chain(sddmm).chain(combine).chain(finish).chain(others);
            all.map(move |kernel| Self { kernel, isa })
        };
        Isa::available().into_iter().flat_map(kernels).collect()
    }
}

impl KernelKind {
    /// Name of the kernel.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spmm { .. } => "spmm",
            Self::Sddmm { .. } => "sddmm",
            Self::Combine { .. } => "combine",
            Self::Finish { .. } => "finish_gradient",
            Self::RowMoments => "row_moments",
            Self::PlaneSums => "plane_sums",
            Self::Reduce => "reduce_accumulators",
            Self::Sgd => "sgd",
            Self::Adam => "adam",
        }
    }

    /// What tells this instance from the kernel's others; empty if there is but one.
    pub fn variant(self) -> String {
        match self {
            Self::Spmm { rows, vectors: width } | Self::Sddmm { rows, taps: width } => {
                format!("{rows}x{width}")
            }
            Self::Combine { terms, relu } => format!("{terms}{}", if relu { " relu" } else { "" }),
            Self::Finish { norms } => norms.to_string(),
            Self::RowMoments | Self::PlaneSums | Self::Reduce | Self::Sgd | Self::Adam => String::new(),
        }
    }
}

impl std::fmt::Display for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.isa.name(), self.kernel.name(), self.kernel.variant())
    }
}

/// One call of a kernel: its buffers, and how much it does.
#[derive(Debug)]
pub struct Workload {
    isa: Isa,
    buffers: Buffers,
}

#[derive(Debug)]
enum Buffers {
    Products(Products),
    Passes(Passes),
}

impl Workload {
    /// Buffers of some KB for `instance`.
    pub fn new(instance: Instance) -> Self {
        let Instance { kernel, isa } = instance;
        let buffers = match kernel {
            KernelKind::Spmm { rows, vectors } => Buffers::Products(Products::spmm(isa, rows, vectors)),
            KernelKind::Sddmm { rows, taps } => Buffers::Products(Products::sddmm(isa, rows, taps)),
            kernel => Buffers::Passes(Passes::new(isa, kernel)),
        };
        Self { isa, buffers }
    }

    /// Calls the kernel once.
    pub fn run(&mut self) {
        match &mut self.buffers {
            Buffers::Products(products) => products.run(self.isa),
            Buffers::Passes(passes) => passes.run(self.isa),
        }
    }

    /// Multiply-adds of a call; 0 for kernels that are bound by memory.
    pub fn multiply_adds(&self) -> usize {
        match &self.buffers {
            Buffers::Products(products) => products.multiply_adds(),
            Buffers::Passes(_) => 0,
        }
    }

    /// Bytes that a call loads and stores, registers aside.
    pub fn bytes(&self) -> usize {
        match &self.buffers {
            Buffers::Products(products) => products.bytes(self.isa),
            Buffers::Passes(passes) => passes.bytes(),
        }
    }
}
