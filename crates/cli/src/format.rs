//! Numbers as people read them.

/// 7512 -> `7,512`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Four digits and a thousands' prefix: 41_200_000 -> `41.20 M`.
pub(crate) fn scaled(number: f64) -> String {
    const PREFIXES: [&str; 7] = ["", " k", " M", " G", " T", " P", " E"];
    let mut rest = number;
    for prefix in PREFIXES {
        if rest < 1000.0 {
            return if prefix.is_empty() { format!("{rest}") } else { format!("{rest:.2}{prefix}") };
        }
        rest /= 1000.0;
    }
    format!("{number:.3e}")
}

/// Three significant digits at most: 0.05000185 -> `0.05`.
pub(crate) fn significant(number: f64) -> String {
    let digits = 2 - number.abs().log10().floor().clamp(-300.0, 300.0) as i32;
    let power = 10f64.powi(digits.clamp(0, 300));
    format!("{}", (number * power).round() / power)
}

/// A share as per cent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// Seconds as people time them.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([12.0, 41_200_000.0, 1.5e12].map(scaled), ["12", "41.20 M", "1.50 T"]);
        assert_eq!([1.25, 61.0, 7384.0].map(duration), ["1.2 s", "1 min 01 s", "2 h 03 min"]);
        assert_eq!(
            [1.0, 0.1, 0.050_001_85, 0.000_499_9, 0.0].map(significant),
            ["1", "0.1", "0.05", "0.0005", "0"]
        );
        assert_eq!(percent(0.9806), "98.06 %");
    }
}
