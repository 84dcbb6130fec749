//! Numbers with a derivative along one direction.

use super::{Bilinear, Scalar};
use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// `value + tangent * e` with `e * e = 0`: running a function on duals gives its exact derivative along the tangents of its
/// inputs (forward-mode differentiation). Through a backward pass that is a Hessian-vector product (Pearlmutter 1994).
///
/// Duals compare by value: kinks lie where they lie without the tangent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dual<T> {
    /// The number.
    pub value: T,
    /// Its derivative.
    pub tangent: T,
}

impl<T: Scalar> Dual<T> {
    /// A number that does not move.
    pub fn constant(value: T) -> Self {
        Self { value, tangent: T::ZERO }
    }
}

impl<T: PartialEq> PartialEq for Dual<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: PartialOrd> PartialOrd for Dual<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Scalar> Add for Dual<T> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, tangent: self.tangent + other.tangent }
    }
}

impl<T: Scalar> Sub for Dual<T> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, tangent: self.tangent - other.tangent }
    }
}

impl<T: Scalar> Mul for Dual<T> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let tangent = self.value * other.tangent + self.tangent * other.value;
        Self { value: self.value * other.value, tangent }
    }
}

impl<T: Scalar> Div for Dual<T> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Self { value, tangent: (self.tangent - value * other.tangent) / other.value }
    }
}

impl<T: Scalar> Neg for Dual<T> {
    type Output = Self;
    fn neg(self) -> Self {
        Self { value: -self.value, tangent: -self.tangent }
    }
}

impl<T: Scalar> AddAssign for Dual<T> {
    fn add_assign(&mut self, other: Self) {
        self.value += other.value;
        self.tangent += other.tangent;
    }
}

impl<T: Scalar> Scalar for Dual<T> {
    const ZERO: Self = Self { value: T::ZERO, tangent: T::ZERO };
    const ONE: Self = Self { value: T::ONE, tangent: T::ZERO };
    fn from_f64(value: f64) -> Self {
        Self::constant(T::from_f64(value))
    }
    fn sqrt(self) -> Self {
        let value = self.value.sqrt();
        Self { value, tangent: self.tangent / (value + value) }
    }
    fn exp(self) -> Self {
        let value = self.value.exp();
        Self { value, tangent: value * self.tangent }
    }
    fn ln(self) -> Self {
        Self { value: self.value.ln(), tangent: self.tangent / self.value }
    }
    fn product(a: &[Self], b: &[Self], op: &impl Bilinear) -> Vec<Self> {
        let ((a, a_tangent), (b, b_tangent)) = (parts(a), parts(b));
        let values = T::product(&a, &b, op);
        let (left, right) = (T::product(&a_tangent, &b, op), T::product(&a, &b_tangent, op));
        let tangents = left.into_iter().zip(right).map(|(left, right)| left + right);
        values.into_iter().zip(tangents).map(|(value, tangent)| Self { value, tangent }).collect()
    }
}

/// Values and tangents of a tensor.
fn parts<T: Scalar>(tensor: &[Dual<T>]) -> (Vec<T>, Vec<T>) {
    tensor.iter().map(|dual| (dual.value, dual.tangent)).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Derivative of `function` at `x` by a central difference.
    fn difference(function: impl Fn(f64) -> f64, x: f64) -> f64 {
        (function(x + 1e-6) - function(x - 1e-6)) / 2e-6
    }

    #[test]
    fn every_operation_carries_its_derivative() {
        fn function<T: Scalar>(x: T) -> T {
            let three = T::from_f64(3.0);
            let mut sum = x * x - three / x;
            sum += (x + T::ONE).sqrt() * (-x).exp();
            sum / (three + x.ln())
        }
        for x in [0.3, 1.0, 2.5] {
            let found: Dual<f64> = function(Dual { value: x, tangent: 1.0 });
            assert!((found.value - function(x)).abs() < 1e-12);
            assert!((found.tangent - difference(function::<f64>, x)).abs() < 1e-6, "at {x}: {found:?}");
        }
    }

    #[test]
    fn duals_compare_by_value() {
        let dual = |value, tangent| Dual { value, tangent };
        assert!(dual(1.0, 5.0) < dual(2.0, -5.0) && dual(1.0, 0.0) == dual(1.0, 3.0));
        assert!(dual(f64::NAN, 0.0).partial_cmp(&dual(f64::NAN, 0.0)).is_none());
    }
}
