//! Instruction sets and the choice among them at run time.

use crate::lanes::{Kernel, OnPulp, Portable, registers};
use pulp::Simd;

/// An instruction set this machine was seen to have.
#[derive(Clone, Copy, Debug)]
pub struct Isa(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
}

impl Isa {
    /// Every name, best first, whether this machine has it or not.
    pub const NAMES: [&'static str; 4] = ["avx512", "avx2", "neon", "portable"];

    /// What this machine has, best first; never empty.
    pub fn available() -> Vec<Self> {
        Self::NAMES.iter().filter_map(|name| Self::named(name)).collect()
    }

    /// The best instruction set of this machine.
    pub fn best() -> Self {
        Self::available().first().copied().unwrap_or(Self(Kind::Portable))
    }

    /// The instruction set called `name` if this machine has it.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "portable" => Some(Self(Kind::Portable)),
            #[cfg(target_arch = "x86_64")]
            "avx2" => pulp::x86::V3::try_new().map(|token| Self(Kind::Avx2(token))),
            #[cfg(target_arch = "x86_64")]
            "avx512" => pulp::x86::V4::try_new().map(|token| Self(Kind::Avx512(token))),
            #[cfg(target_arch = "aarch64")]
            "neon" => pulp::aarch64::Neon::try_new().map(|token| Self(Kind::Neon(token))),
            _ => None,
        }
    }

    /// One of [`Isa::NAMES`].
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => "neon",
        }
    }

    /// f32 numbers in a vector.
    pub fn lanes(self) -> usize {
        match self.0 {
            Kind::Portable => 8,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => 8,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => 16,
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => 4,
        }
    }

    /// Vectors that its registers hold.
    pub fn registers(self) -> usize {
        registers(self.lanes())
    }

    /// Runs a kernel with this instruction set's code.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Kind::Portable => kernel.run(Portable),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(token) => Simd::vectorize(token, OnPulp(kernel)),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(token) => Simd::vectorize(token, OnPulp(kernel)),
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(token) => Simd::vectorize(token, OnPulp(kernel)),
        }
    }
}

impl PartialEq for Isa {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Isa {}
