//! ReLU and addition.

use super::Scalar;

/// max(x, 0); not a number stays one.
pub(crate) fn relu<T: Scalar>(input: &[T]) -> Vec<T> {
    input.iter().map(|&x| if x <= T::ZERO { T::ZERO } else { x }).collect()
}

/// The gradient where the input was above 0 (or not a number); the derivative at 0 is 0.
pub(crate) fn relu_backward<T: Scalar>(input: &[T], output_gradient: &[T]) -> Vec<T> {
    let pairs = input.iter().zip(output_gradient);
    pairs.map(|(&x, &dout)| if x <= T::ZERO { T::ZERO } else { dout }).collect()
}

/// `a + b`.
pub(crate) fn add<T: Scalar>(a: &[T], b: &[T]) -> Vec<T> {
    a.iter().zip(b).map(|(&a, &b)| a + b).collect()
}
