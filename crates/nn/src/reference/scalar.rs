//! The numbers the reference executor computes with.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// A number type: field operations, an order, and the three functions that normalization and the loss need.
///
/// The order decides only on which side of a kink a value lies (ReLU, largest logit), so a dual number may compare by
/// its value part.
pub trait Scalar:
    Copy
    + Debug
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + Send
    + Sync
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The nearest number of this type, a constant.
    fn from_f64(value: f64) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// e to the power of this number.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;

    /// `op` of two tensors. Numbers with parts apply it to their parts instead, by the product rule on whole tensors: the same
    /// sums in another order, as fast as the parts are.
    fn product(a: &[Self], b: &[Self], op: &impl Bilinear) -> Vec<Self> {
        op.of(a, b)
    }
}

/// An operation on two tensors that is linear in each, as a convolution is in images and weights.
pub trait Bilinear {
    /// The product of `a` and `b`.
    fn of<T: Scalar>(&self, a: &[T], b: &[T]) -> Vec<T>;
}

impl Scalar for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    fn from_f64(value: f64) -> Self {
        value
    }
    fn sqrt(self) -> Self {
        libm::sqrt(self)
    }
    fn exp(self) -> Self {
        libm::exp(self)
    }
    fn ln(self) -> Self {
        libm::log(self)
    }
}

impl Scalar for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    fn sqrt(self) -> Self {
        libm::sqrtf(self)
    }
    fn exp(self) -> Self {
        libm::expf(self)
    }
    fn ln(self) -> Self {
        libm::logf(self)
    }
}
