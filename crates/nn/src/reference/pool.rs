//! Global average pooling.

use super::Scalar;

/// Mean of each plane of `area` numbers: `[batch, channels, h, w]` to `[batch, channels]`.
pub(super) fn forward<T: Scalar>(input: &[T], area: usize) -> Vec<T> {
    let divisor = T::from_f64(area as f64);
    let mean = |plane: &[T]| {
        let mut sum = T::ZERO;
        plane.iter().for_each(|&x| sum += x);
        sum / divisor
    };
    input.chunks_exact(area).map(mean).collect()
}

/// Each plane's gradient, spread evenly over its `area` numbers.
pub(super) fn backward<T: Scalar>(output_gradient: &[T], area: usize) -> Vec<T> {
    let divisor = T::from_f64(area as f64);
    output_gradient.iter().flat_map(|&dout| std::iter::repeat_n(dout / divisor, area)).collect()
}
