//! Axes: where numbers are, and which of them are written.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::prelude::Ranged;
use std::ops::Range;

/// What an axis stands for.
#[derive(Clone, Copy)]
pub(crate) enum Scale<'a> {
    /// As far as the numbers go.
    Linear,
    /// As far as the numbers go, with whole numbers alone: steps, epochs.
    Whole,
    /// Logarithms of numbers above 0; what is not above 0 is at the lower end.
    Log,
    /// Logarithms of whole numbers, with 0 below 1.
    Count,
    /// From 0 to 1.
    Share,
    /// These names, at 0, 1, 2, ...
    Names(&'a [String]),
}

/// An axis and what it is called.
#[derive(Clone, Copy)]
pub(crate) struct Axis<'a> {
    pub(crate) label: &'a str,
    pub(crate) scale: Scale<'a>,
}

/// An axis with its ends and the numbers that are written, all as they are placed: logarithms where it has them.
pub(super) struct Placed {
    ends: Range<f64>,
    ticks: Vec<(f64, String)>,
    log: bool,
}

/// Numbers written on an axis, about.
const TICKS: f64 = 6.0;

impl Placed {
    /// Fits an axis to its numbers.
    pub(super) fn fit(scale: Scale<'_>, numbers: impl Iterator<Item = f64>) -> Self {
        let log = matches!(scale, Scale::Log | Scale::Count);
        let numbers = numbers.filter(|x| x.is_finite() && (!log || *x > 0.0));
        let (least, most) =
            numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), x| (least.min(x), most.max(x)));
        let (least, most) = if least <= most { (least, most) } else { (1.0, 1.0) };
        let (ends, ticks) = match scale {
            Scale::Linear => linear(least, most, 0.0),
            Scale::Whole => linear(least, most, 1.0),
            Scale::Share => linear(0.0, 1.0, 0.0),
            Scale::Log => logarithmic(least, most),
            Scale::Count => counts(most),
            Scale::Names(names) => (-0.5..names.len() as f64 - 0.5, Vec::new()),
        };
        Self { ends, ticks, log }
    }

    /// Where a number is.
    fn place(&self, number: f64) -> f64 {
        match self.log {
            // The logarithm of 0 and below is no number, and the larger one is taken.
            true => number.log10().max(self.ends.start),
            false => number,
        }
    }
}

impl Ranged for Placed {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, number: &f64, (first, last): (i32, i32)) -> i32 {
        let share = (self.place(*number) - self.ends.start) / (self.ends.end - self.ends.start);
        first + (share.clamp(0.0, 1.0) * f64::from(last - first)).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, hint: H) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            // Asked for finer lines beside those of the ticks.
            return Vec::new();
        }
        let number = |(at, _): &(f64, String)| if self.log { 10f64.powf(*at) } else { *at };
        self.ticks.iter().map(number).collect()
    }

    fn range(&self) -> Range<f64> {
        let number = |at: f64| if self.log { 10f64.powf(at) } else { at };
        number(self.ends.start)..number(self.ends.end)
    }
}

impl ValueFormatter<f64> for Placed {
    fn format_ext(&self, number: &f64) -> String {
        let place = self.place(*number);
        let near =
            self.ticks.iter().find(|(at, _)| (at - place).abs() < 1e-6 * (self.ends.end - self.ends.start));
        near.map_or_else(String::new, |(_, text)| text.clone())
    }
}

/// Ends and ticks at multiples of 1, 2 or 5 times a power of ten, of `unit` at least.
fn linear(least: f64, most: f64, unit: f64) -> (Range<f64>, Vec<(f64, String)>) {
    // Numbers that are equal, or nearly, are given room on both sides.
    let room = f64::max(0.5, least.abs() / 1e6);
    let (least, most) = if most - least > room / 1e6 { (least, most) } else { (least - room, most + room) };
    let rough = ((most / TICKS) - (least / TICKS)).max(unit);
    let power = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = steps.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(rough);
    let (first, last) = ((least / step + 1e-9).floor(), (most / step - 1e-9).ceil());
    let decimals = (-step.log10() - 1e-9).ceil().clamp(0.0, 12.0) as usize;
    let ticks = (0..=(last - first) as u32).map(|at| (first + f64::from(at)) * step);
    let text = |at: f64| match at.abs() < 1e9 {
        true => format!("{:.decimals$}", if at == 0.0 { 0.0 } else { at }),
        false => format!("{at:e}"),
    };
    (first * step..last * step, ticks.map(|at| (at, text(at))).collect())
}

/// Ends and ticks in logarithms: powers of ten, and 2 and 5 times them where there are few.
fn logarithmic(least: f64, most: f64) -> (Range<f64>, Vec<(f64, String)>) {
    let decades = most.log10() - least.log10();
    let every = (decades / TICKS).ceil().max(1.0) as i32;
    let factors: &[f64] = if decades <= 3.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let (first, last) = (least.log10().floor() as i32, most.log10().ceil() as i32);
    let all = (first..=last + every).step_by(every as usize);
    let all: Vec<f64> =
        all.flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power))).collect();
    let low =
        all.iter().copied().filter(|tick| *tick <= least * (1.0 + 1e-9)).fold(f64::MIN_POSITIVE, f64::max);
    let high = all.iter().copied().filter(|tick| *tick >= most * (1.0 - 1e-9)).fold(f64::INFINITY, f64::min);
    // A single number on a tick is given room below: densities end at 1.
    let low = if high > low { low } else { high / 10.0 };
    let first =
        (first - 1..first).flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)));
    let kept = first.chain(all).filter(|tick| (low..=high).contains(tick));
    (low.log10()..high.log10(), kept.map(|tick| (tick.log10(), plain(tick))).collect())
}

/// Logarithms from 1 on, and 0 at half of that.
fn counts(most: f64) -> (Range<f64>, Vec<(f64, String)>) {
    let zero = 0.5f64.log10();
    let (ends, mut ticks) = logarithmic(1.0, most.max(2.0));
    ticks.insert(0, (zero, "0".to_owned()));
    (zero..ends.end, ticks)
}

/// As people write it: 0.02, 500, 1e-6.
fn plain(number: f64) -> String {
    match number.log10() {
        -4.1..5.9 => format!("{}", (number * 1e6).round() / 1e6),
        _ => format!("{number:.0e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(scale: Scale<'_>, numbers: &[f64]) -> Vec<String> {
        let placed = Placed::fit(scale, numbers.iter().copied());
        let ends = [placed.ends.start, placed.ends.end];
        assert!(ends[0] < ends[1] && ends.iter().all(|end| end.is_finite()), "{ends:?}");
        for number in numbers {
            let place = placed.place(*number);
            assert!(placed.ends.start - 1e-9 <= place && place <= placed.ends.end + 1e-9, "{place} {ends:?}");
        }
        placed.ticks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn numbers_are_multiples_of_one_two_or_five() {
        assert_eq!(texts(Scale::Share, &[]), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(
            texts(Scale::Linear, &[-0.013, 0.021]),
            ["-0.02", "-0.01", "0.00", "0.01", "0.02", "0.03"]
        );
        assert_eq!(texts(Scale::Linear, &[120.0, 870.0]), ["0", "200", "400", "600", "800", "1000"]);
    }

    #[test]
    fn steps_are_whole() {
        assert_eq!(texts(Scale::Whole, &[2.0, 80.0]), ["0", "20", "40", "60", "80"]);
        assert_eq!(texts(Scale::Whole, &[1.0, 2.0]), ["1", "2"]);
        assert_eq!(texts(Scale::Whole, &[1.0, 4.0]), ["1", "2", "3", "4"]);
    }

    #[test]
    fn logarithms_have_powers_of_ten_or_more() {
        assert_eq!(texts(Scale::Log, &[0.013, 1.0]), ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
        assert_eq!(
            texts(Scale::Log, &[0.0, 3.0, 900.0]),
            ["2", "5", "10", "20", "50", "100", "200", "500", "1000"]
        );
        assert_eq!(texts(Scale::Log, &[2e-9, 1.0]), ["1e-9", "1e-7", "1e-5", "0.001", "0.1", "10"]);
        assert_eq!(texts(Scale::Log, &[1.0]), ["0.1", "0.2", "0.5", "1"]);
    }

    #[test]
    fn counts_start_at_zero() {
        assert_eq!(texts(Scale::Count, &[0.0, 4.0, 7.0]), ["0", "1", "2", "5", "10"]);
        assert_eq!(texts(Scale::Count, &[]), ["0", "1", "2"]);
    }

    #[test]
    fn any_numbers_have_an_axis() {
        let odd = [f64::NAN, f64::INFINITY, 0.0, -1.0, 5e-324, 1e300, 1e-300, 1e17];
        for scale in [Scale::Linear, Scale::Whole, Scale::Log, Scale::Count] {
            for a in odd {
                for b in odd {
                    let placed = Placed::fit(scale, [a, b].into_iter());
                    let Range { start, end } = placed.ends;
                    assert!(start < end && placed.ticks.len() < 40, "{a} {b}: {start} {end}");
                }
            }
        }
    }
}
