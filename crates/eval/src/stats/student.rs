//! Student's t distribution.

/// Two-sided probability of `|T| >= |t|`: the regularized incomplete beta function at `df / (df + t^2)`.
pub(super) fn two_sided(t: f64, df: f64) -> f64 {
    beta(df / (df + t * t), df / 2.0, 0.5)
}

/// The `t` below which T is with probability `p`, above one half.
pub(super) fn quantile(p: f64, df: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if 1.0 - 0.5 * two_sided(middle, df) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The regularized incomplete beta function, by its continued fraction (Lentz's method).
fn beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast on this side of the mean.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta(1.0 - x, b, a);
    }
    let front = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * x.ln() + b * (1.0 - x).ln();
    let guard = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut sum = d;
    for m in 1..500 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = sum;
        for term in [even, odd] {
            d = 1.0 / guard(1.0 + term * d);
            c = guard(1.0 + term / c);
            sum *= c * d;
        }
        if (sum - before).abs() <= 1e-15 * sum.abs() {
            break;
        }
    }
    (front.exp() * sum / a).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, tolerance: f64) {
        assert!((found / expected - 1.0).abs() < tolerance, "{found:e} is not {expected:e}");
    }

    /// `2 * scipy.stats.t.sf(t, df)` of SciPy 1.17, also where t is large and the degrees of freedom are few.
    #[test]
    fn two_sided_probabilities_are_those_of_scipy() {
        let rows = [
            (0.5, 1.0, 0.704_832_764_699_133_5),
            (12.706_204_736_432_095, 1.0, 0.049_999_999_998_991_3),
            (1e6, 1.0, 6.366_197_723_673_691e-7),
            (3.464_101_615_137_754_4, 2.0, 0.074_179_900_227_448_55),
            (1e4, 2.0, 9.999_999_850_000_001e-9),
            (50.0, 3.0, 1.761_715_204_127_197e-5),
            (2.0, 4.0, 0.116_116_523_516_815_56),
            (1e3, 4.0, 5.999_960_000_209_998e-12),
            (0.001, 4.0, 0.999_250_000_156_25),
            (2.5, 30.0, 0.018_115_649_068_066_69),
            (100.0, 9.0, 5.073_089_766_208_564e-15),
            (1.96, 1000.0, 0.050_273_184_955_748_736),
            (5.0, 1e6, 5.733_997_870_890_745e-7),
        ];
        for (t, df, p) in rows {
            // With a million degrees of freedom the logarithms of the gamma function lose digits.
            close(two_sided(t, df), p, if df > 1e5 { 1e-8 } else { 1e-11 });
            close(two_sided(-t, df), p, if df > 1e5 { 1e-8 } else { 1e-11 });
        }
        assert_eq!((two_sided(0.0, 4.0), two_sided(f64::INFINITY, 4.0)), (1.0, 0.0));
    }

    /// `scipy.stats.t.ppf(0.975, df)` of SciPy 1.17.
    #[test]
    fn quantiles_are_those_of_scipy() {
        let rows = [
            (1.0, 12.706_204_736_174_694),
            (2.0, 4.302_652_729_749_462),
            (3.0, 3.182_446_305_283_707_8),
            (4.0, 2.776_445_105_197_793_4),
            (5.0, 2.570_581_835_636_314_6),
            (9.0, 2.262_157_162_798_205),
            (29.0, 2.045_229_642_132_703),
            (99.0, 1.984_216_951_586_417_4),
            (1000.0, 1.962_339_080_826_408_3),
        ];
        for (df, t) in rows {
            close(quantile(0.975, df), t, 1e-9);
        }
    }
}
