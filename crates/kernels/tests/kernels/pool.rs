//! Pools.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{
    Grid, PoolWindow, Pooled, average_pool, average_pool_gradient, max_pool, max_pool_gradient, naive,
};
use std::ops::Range;

/// A max pool of some rows of windows, and the rows that they cover.
#[derive(Clone, Copy, Debug)]
struct Case {
    window: PoolWindow,
    extent: (usize, usize),
    channels: usize,
    /// First row of windows and how many, cut to those there are.
    rows: (usize, usize),
    seed: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let window = (1..=3usize, 1..=3usize, 0..=2usize).prop_map(|(kernel, stride, padding)| PoolWindow {
        kernel,
        stride,
        padding: padding.min(kernel - 1),
    });
    let rest = ((3..=7usize, 3..=7usize), 1..=3usize, (0..=3usize, 1..=3usize), any::<u64>());
    (window, rest).prop_map(|(window, (extent, channels, rows, seed))| Case {
        window,
        extent,
        channels,
        rows,
        seed,
    })
}

impl Case {
    fn windows(&self) -> Range<usize> {
        let count = self.window.count(self.extent.0);
        let first = self.rows.0.min(count - 1);
        first..(first + self.rows.1).min(count)
    }

    /// Rows of the input that the windows cover.
    fn covered(&self) -> Range<usize> {
        self.window.covered(&self.windows(), self.extent.0)
    }

    fn input(&self, numbers: &mut Numbers, lanes: usize, poison: Option<usize>) -> Planes {
        let gaps = numbers.gaps();
        let mut input = Planes::random(
            numbers,
            Size::new(self.channels, self.covered().len(), self.extent.1, lanes),
            gaps,
        );
        // Ties, as ReLU makes them.
        input.change(|x| if x < 0.0 { 0.0 } else { x });
        if let Some(poison) = poison {
            input.poison(numbers, POISONS[poison]);
        }
        input
    }

    fn pooled<'a>(&self, input: &'a Planes) -> Pooled<'a> {
        let (window, extent, channels) = (self.window, self.extent, self.channels);
        let first_row = self.covered().start;
        Pooled { window, extent, input: input.view(), grid: input.grid, first_row, channels }
    }

    fn outputs(&self, lanes: usize) -> Size {
        Size::new(self.channels, self.windows().len(), self.window.count(self.extent.1), lanes)
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn the_largest_number_of_every_window(case in case(), poison in proptest::option::of(0..3usize)) {
        for isa in isas() {
            let (mut numbers, lanes) = (Numbers::new(case.seed), isa.lanes());
            let input = case.input(&mut numbers, lanes, poison);
            let mut out = Planes::canaries(case.outputs(lanes), numbers.gaps());
            let to = out.grid;
            max_pool(isa, case.pooled(&input), case.windows(), out.view_mut(), to);
            out.assert_guarded();
            let twin = naive::max_pool(case.pooled(&input), case.windows(), lanes);
            for (found, expected) in out.numbers().into_iter().zip(twin) {
                prop_assert!(f64::from(found) == expected || found.is_nan() && expected.is_nan(), "{found} for {expected}");
            }
        }
    }

    #[test]
    fn gradients_go_to_the_first_largest_number(case in case(), poison in proptest::option::of(0..3usize)) {
        for isa in isas() {
            let (mut numbers, lanes) = (Numbers::new(case.seed), isa.lanes());
            let input = case.input(&mut numbers, lanes, poison);
            let gaps = numbers.gaps();
            let output_gradient = Planes::random(&mut numbers, case.outputs(lanes), gaps);
            let from = output_gradient.grid;
            // Placed as the input.
            let mut gradient = input.clone();
            let rows = case.covered().len();
            gradient.change(|_| 5.0);
            max_pool_gradient(isa, case.pooled(&input), case.windows(), output_gradient.view(), from, gradient.view_mut(), rows);
            gradient.assert_guarded();
            let twin = |of_output: &Planes| {
                let all = naive::max_pool_gradient(case.pooled(&input), case.windows(), of_output.view(), from, lanes);
                let Size { channels, rows, columns, .. } = input.size;
                let places = (0..channels * rows * columns).map(|i| (i / columns, i % columns));
                places.map(|(line, x)| all[input.grid.at(line / rows, line % rows) + x]).collect::<Vec<_>>()
            };
            let (expected, magnitude) = (twin(&output_gradient), twin(&output_gradient.magnitude()));
            let most = case.window.kernel * case.window.kernel;
            for ((found, expected), magnitude) in gradient.numbers().into_iter().zip(expected).zip(magnitude) {
                near(found, expected, gamma(most) * magnitude, isa.name());
            }
        }
    }

    #[test]
    fn windows_that_touch_rows_are_those_that_cover_any(case in case(), start in 0..7usize, len in 1..=4usize) {
        let height = case.extent.0;
        let part = start.min(height - 1)..(start + len).min(height);
        let expected: Vec<usize> = (0..case.window.count(height))
            .filter(|&index| {
                let covered = case.window.covers(index, height);
                covered.start < part.end && part.start < covered.end
            })
            .collect();
        // Between windows further apart than they are long there may be none: an empty range, wherever it is.
        prop_assert_eq!(case.window.touching(&part, height).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn means_of_planes_and_their_gradient(rows in 1..=5usize, vectors in 1..=5usize, channels in 1..=3usize, seed: u64) {
        for isa in isas() {
            let (mut numbers, lanes) = (Numbers::new(seed), isa.lanes());
            let gaps = numbers.gaps();
            let size = Size::new(channels, rows, vectors, lanes);
            let input = Planes::random(&mut numbers, size, gaps);
            let mut means = vec![f32::from_bits(CANARY); channels * lanes];
            average_pool(isa, input.view(), input.grid, rows, size.columns, &mut means);
            let twin = |input: &Planes| {
                naive::average_pool(input.view(), input.grid, rows, size.columns, channels, lanes)
            };
            for ((&mean, expected), magnitude) in means.iter().zip(twin(&input)).zip(twin(&input.magnitude())) {
                near(mean, expected, gamma(rows + vectors + 2) * magnitude, isa.name());
            }
            let mut gradient = Planes::canaries(size, gaps);
            let grid: Grid = gradient.grid;
            average_pool_gradient(isa, &means, 7, gradient.view_mut(), grid, rows, size.columns);
            gradient.assert_guarded();
            for (i, found) in gradient.numbers().into_iter().enumerate() {
                let of_mean = f64::from(means[i / (rows * size.columns) * lanes + i % lanes]);
                near(found, of_mean / 7.0, gamma(2) * of_mean.abs(), isa.name());
            }
        }
    }
}
