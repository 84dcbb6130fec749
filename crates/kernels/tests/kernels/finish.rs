//! Gradients of activations.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{Gate, Isa, NormTerm, finish_gradient, naive};

/// Everything that a gradient can be made of; a variant uses part of it.
#[derive(Clone)]
struct Case {
    g: Planes,
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
    fn new(numbers: &mut Numbers, channels: usize, n: usize, gap: usize) -> Self {
        let (lead, tile_stride, from_stride) =
            (numbers.below(20), n + numbers.below(20), n + numbers.below(20));
        let mut planes = |lead: usize, stride: usize| Planes::random(numbers, channels, lead, stride, n);
        let g = planes(0, n + gap);
        let [first, second, third, fourth] = [(); 4].map(|()| planes(0, n + gap));
        let (from, mut tile) = (planes(0, from_stride), planes(lead, tile_stride));
        // An activation: about half of it is exactly 0, some of that negative 0.
        for channel in 0..channels {
            for x in tile.plane_mut(channel) {
                *x = if *x > 0.0 { *x } else { 0.0_f32.copysign(*x + 1.0) };
            }
        }
        let means = [numbers.list(channels), numbers.list(channels)];
        let mask = numbers.mask(n);
        Self { g, from, extra: [first, second], tile, mask, inputs: [third, fourth], means }
    }

    fn gate(&self, relu: bool) -> Gate<'_> {
        match relu {
            true => Gate::Relu { tile: &self.tile.data, lead: self.tile.lead, stride: self.tile.stride },
            false => Gate::Mask(&self.mask),
        }
    }

    fn twin(&self, v: Variant) -> naive::Finished {
        let Planes { channels, stride, positions, .. } = self.g;
        let extra = [&self.extra[0].data[..], &self.extra[1].data];
        let from = v.from.then_some((&self.from.data[..], self.from.stride));
        let [mut none, mut nothing] = [[], []];
        let term = |i: usize, sums| NormTerm { planes: &self.inputs[i].data, mean: &self.means[i], sums };
        let terms = [term(0, &mut none), term(1, &mut nothing)];
        let (extra, gate, terms) = (&extra[..v.extras], self.gate(v.relu), &terms[..v.terms]);
        let g = &self.g.data;
        naive::finish_gradient(g, v.accumulate, from, extra, gate, terms, channels, stride, positions)
    }

    /// Absolute numbers behind the same gates; the means so that |x| + |mean| comes out.
    fn magnitude(&self) -> Self {
        let abs = |x: &Planes| Planes { data: magnitudes(&x.data), ..x.clone() };
        let pair = |x: &[Planes; 2]| [abs(&x[0]), abs(&x[1])];
        let means = self.means.clone().map(|mean| mean.iter().map(|x| -x.abs()).collect());
        Self {
            g: abs(&self.g),
            from: abs(&self.from),
            extra: pair(&self.extra),
            inputs: pair(&self.inputs),
            means,
            ..self.clone()
        }
    }

    fn check(&self, isa: Isa, v: Variant, numbers: &mut Numbers) {
        let Planes { channels, stride, positions, .. } = self.g;
        // What is not accumulated on is not read.
        let mut g = match v.accumulate {
            true => self.g.clone(),
            false => Planes::canaries(channels, 0, stride, positions),
        };
        let extra = [&self.extra[0].data[..], &self.extra[1].data];
        let from = v.from.then_some((&self.from.data[..], self.from.stride));
        let before: [Vec<f64>; 3] =
            [(); 3].map(|()| numbers.list(channels).into_iter().map(f64::from).collect());
        let [mut sums, mut first, mut second] = before.clone();
        let term = |i: usize, sums| NormTerm { planes: &self.inputs[i].data, mean: &self.means[i], sums };
        let mut terms = [term(0, &mut first), term(1, &mut second)];
        finish_gradient(
            isa,
            &mut g.data,
            v.accumulate,
            from,
            &extra[..v.extras],
            self.gate(v.relu),
            &mut terms[..v.terms],
            &mut sums,
            stride,
            positions,
        );
        g.assert_guarded();
        let (twin, size) = (self.twin(v), self.magnitude().twin(v));
        let parts = usize::from(v.accumulate) + usize::from(v.from) + v.extras;
        for ((found, &expected), &size) in g.numbers().into_iter().zip(&twin.gradient).zip(&size.gradient) {
            near(found, expected, gamma(parts) * size, (isa.name(), v));
        }
        // The gradient's own error, x - mean, the product, one addition a vector, log2(lanes) at the end; then f64.
        let roundings = parts + 2 + positions / isa.lanes() + 4;
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
        channels in 0..=3usize, vectors in 0..=9usize, gap in 0..=19usize,
        poison in proptest::option::of((0..3usize, 0..6usize)), seed: u64,
    ) {
        for isa in isas() {
            let (mut numbers, n) = (Numbers::new(seed), vectors * isa.lanes());
            let mut case = Case::new(&mut numbers, channels, n, gap);
            if let Some((poison, place)) = poison.filter(|_| channels * n > 0) {
                let [a, b] = &mut case.extra;
                let [c, d] = &mut case.inputs;
                let planes = [&mut case.g, &mut case.from, a, b, c, d];
                let at = (numbers.below(channels), numbers.below(n));
                planes.into_iter().nth(place).unwrap().plane_mut(at.0)[at.1] = POISONS[poison];
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
        let from = vec![f32::NAN; n];
        let (mut g, mut sums) = (vec![5.0; n], [0.0]);
        let gate = Gate::Relu { tile: &activation, lead: 0, stride: n };
        finish_gradient(isa, &mut g, false, Some((&from, n)), &[], gate, &mut [], &mut sums, n, n);
        assert!(g.iter().enumerate().all(|(i, x)| if i == 2 { x.is_nan() } else { *x == 0.0 }));
    }
}
