//! Gradients of activations.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{Gate, Grid, Isa, NormTerm, finish_gradient, naive};

/// Everything that a gradient can be made of; a variant uses part of it.
#[derive(Clone)]
struct Case {
    /// Every `step`-th vector of its rows is meant, as in `extra` and `inputs`.
    g: Planes,
    gaps: Gaps,
    from: Planes,
    extra: [Planes; 2],
    tile: Planes,
    mask: Vec<f32>,
    inputs: [Planes; 2],
    means: [Vec<f32>; 2],
}

/// Which part.
#[derive(Clone, Copy, Debug)]
struct Variant {
    accumulate: bool,
    from: bool,
    extras: usize,
    relu: bool,
    terms: usize,
}

impl Variant {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for bits in 0..8 {
            let [accumulate, from, relu] = [1, 2, 4].map(|bit| bits & bit != 0);
            for (extras, terms) in (0..3).flat_map(|extras| (0..3).map(move |terms| (extras, terms))) {
                all.push(Self { accumulate, from, extras, relu, terms });
            }
        }
        all
    }
}

impl Case {
    fn new(numbers: &mut Numbers, size: Size) -> Self {
        let [gaps, from, tile] = [(); 3].map(|()| numbers.gaps());
        let [g, first, second, third, fourth] = [(); 5].map(|()| Planes::random(numbers, size, gaps));
        let [from, mut tile] = [from, tile].map(|gaps| Planes::random(numbers, size.every(1), gaps));
        // An activation: about half of it is exactly 0, some of that negative 0.
        tile.change(|x| if x > 0.0 { x } else { 0.0_f32.copysign(x + 1.0) });
        let means = [numbers.list(size.channels), numbers.list(size.channels)];
        let mask = numbers.mask(size.lanes);
        Self { g, gaps, from, extra: [first, second], tile, mask, inputs: [third, fourth], means }
    }

    fn gate(&self, relu: bool) -> Gate<'_> {
        match relu {
            true => Gate::Relu { tile: self.tile.view(), grid: self.tile.grid },
            false => Gate::Mask(&self.mask),
        }
    }

    fn from(&self, v: Variant) -> Option<(&[f32], Grid)> {
        v.from.then_some((self.from.view(), self.from.grid))
    }

    fn twin(&self, v: Variant) -> naive::Finished {
        let Size { channels, rows, columns, lanes, step } = self.g.size;
        let extra = [self.extra[0].view(), self.extra[1].view()];
        let [mut none, mut nothing] = [[], []];
        let term = |i: usize, sums| NormTerm { planes: self.inputs[i].view(), mean: &self.means[i], sums };
        let terms = [term(0, &mut none), term(1, &mut nothing)];
        naive::finish_gradient(
            self.g.view(),
            self.g.grid,
            step,
            v.accumulate,
            self.from(v),
            &extra[..v.extras],
            self.gate(v.relu),
            &terms[..v.terms],
            channels,
            rows,
            columns,
            lanes,
        )
    }

    /// Absolute numbers behind the same gates; the means so that |x| + |mean| comes out.
    fn magnitude(&self) -> Self {
        let pair = |x: &[Planes; 2]| [x[0].magnitude(), x[1].magnitude()];
        let means = self.means.clone().map(|mean| mean.iter().map(|x| -x.abs()).collect());
        Self {
            g: self.g.magnitude(),
            from: self.from.magnitude(),
            extra: pair(&self.extra),
            inputs: pair(&self.inputs),
            means,
            ..self.clone()
        }
    }

    fn check(&self, isa: Isa, v: Variant, numbers: &mut Numbers) {
        let Size { channels, rows, columns, lanes, step } = self.g.size;
        // What is not accumulated on is not read.
        let mut g = match v.accumulate {
            true => self.g.clone(),
            false => Planes::canaries(self.g.size, self.gaps),
        };
        let extra = [self.extra[0].view(), self.extra[1].view()];
        let before: [Vec<f64>; 3] =
            [(); 3].map(|()| numbers.list(channels).into_iter().map(f64::from).collect());
        let [mut sums, mut first, mut second] = before.clone();
        let term = |i: usize, sums| NormTerm { planes: self.inputs[i].view(), mean: &self.means[i], sums };
        let mut terms = [term(0, &mut first), term(1, &mut second)];
        finish_gradient(
            isa,
            g.view_mut(),
            self.g.grid,
            step,
            v.accumulate,
            self.from(v),
            &extra[..v.extras],
            self.gate(v.relu),
            &mut terms[..v.terms],
            &mut sums,
            &mut [0.0; 1 << 10],
            rows,
            columns,
        );
        g.assert_guarded();
        let (found, twin, size) = (g.numbers(), self.twin(v), self.magnitude().twin(v));
        let parts = usize::from(v.accumulate) + usize::from(v.from) + v.extras;
        assert_eq!((found.len(), found.len()), (twin.gradient.len(), size.gradient.len()));
        for ((found, &expected), &size) in found.into_iter().zip(&twin.gradient).zip(&size.gradient) {
            near(found, expected, gamma(parts) * size, (isa.name(), v));
        }
        // The gradient's own error, x - mean, the product, one addition a vector, log2(lanes) at the end; then f64.
        let roundings = parts + 2 + rows * columns / lanes + 4;
        let compare = |found: &[f64], before: &[f64], expected: &[f64], size: &[f64]| {
            for channel in 0..channels {
                let (before, size) = (before[channel], size[channel]);
                let tolerance = gamma(roundings) * size + gamma64(1) * (before.abs() + size);
                near(found[channel], before + expected[channel], tolerance, (isa.name(), v, channel));
            }
        };
        compare(&sums, &before[0], &twin.sums, &size.sums);
        for (i, found) in [first, second].iter().enumerate() {
            match i < v.terms {
                true => compare(found, &before[1 + i], &twin.products[i], &size.products[i]),
                false => assert_eq!(found, &before[1 + i], "the sums of an absent norm"),
            }
        }
    }
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn every_variant_agrees_with_its_twin(
        channels in 0..=3usize, rows in 0..=4usize, vectors in 0..=4usize, step in 1..=3usize,
        poison in proptest::option::of((0..3usize, 0..6usize)), seed: u64,
    ) {
        for isa in isas() {
            let mut numbers = Numbers::new(seed);
            let size = Size::new(channels, rows, vectors, isa.lanes()).every(step);
            let mut case = Case::new(&mut numbers, size);
            if let Some((poison, place)) = poison.filter(|_| !size.is_empty()) {
                let [a, b] = &mut case.extra;
                let [c, d] = &mut case.inputs;
                let planes = [&mut case.g, &mut case.from, a, b, c, d];
                planes.into_iter().nth(place).unwrap().poison(&mut numbers, POISONS[poison]);
            }
            for variant in Variant::all() {
                case.check(isa, variant, &mut numbers);
            }
        }
    }
}

#[test]
fn there_are_72_variants() {
    assert_eq!(Variant::all().len(), 72);
}

#[test]
fn a_gradient_stops_where_the_activation_is_zero_even_if_it_is_not_a_number() {
    for isa in isas() {
        let n = isa.lanes();
        let mut activation = vec![0.0; n];
        activation[2] = 1.0;
        let (from, grid) = (vec![f32::NAN; n], Grid { plane: n, row: n });
        let (mut g, mut sums) = (vec![5.0; n], [0.0]);
        let gate = Gate::Relu { tile: &activation, grid };
        let from = Some((&from[..], grid));
        finish_gradient(
            isa,
            &mut g,
            grid,
            1,
            false,
            from,
            &[],
            gate,
            &mut [],
            &mut sums,
            &mut [0.0; 1 << 10],
            1,
            n,
        );
        assert!(g.iter().enumerate().all(|(i, x)| if i == 2 { x.is_nan() } else { *x == 0.0 }));
    }
}
