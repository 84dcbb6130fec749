//! How far rounding may carry a result.

/// Bound of the relative error of `n` roundings to f32 in a row (Higham 2002, section 3.1): n u / (1 - n u), u = 2^-24.
pub(crate) fn gamma(n: usize) -> f64 {
    bound(n, f64::from(f32::EPSILON) / 2.0)
}

/// As [`gamma`], for roundings to f64.
pub(crate) fn gamma64(n: usize) -> f64 {
    bound(n, f64::EPSILON / 2.0)
}

fn bound(n: usize, unit: f64) -> f64 {
    let nu = n as f64 * unit;
    assert!(nu < 0.1, "too many roundings for a bound");
    nu / (1.0 - nu)
}

/// Absolute values: a twin's result on them is the magnitude its rounding errors are relative to.
pub(crate) fn magnitudes(numbers: &[f32]) -> Vec<f32> {
    numbers.iter().map(|x| x.abs()).collect()
}

/// `actual` is within `tolerance` of `expected`, or both are NaN or the same infinity.
#[track_caller]
pub(crate) fn near(actual: impl Into<f64>, expected: f64, tolerance: f64, what: impl std::fmt::Debug) {
    let actual = actual.into();
    let same = actual == expected || (actual.is_nan() && expected.is_nan());
    // No tolerance for an infinity: that of an infinite magnitude would be infinite and let any number pass.
    assert!(
        same || (expected.is_finite() && (actual - expected).abs() <= tolerance),
        "{what:?}: found {actual}, expected {expected} within {tolerance}"
    );
}

/// Equal bit for bit, NaN included.
#[track_caller]
pub(crate) fn same_bits(a: &[f32], b: &[f32], what: impl std::fmt::Debug) {
    assert_eq!(a.len(), b.len());
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        assert!(x.to_bits() == y.to_bits(), "{what:?}: number {i} is {x} or {y}");
    }
}
