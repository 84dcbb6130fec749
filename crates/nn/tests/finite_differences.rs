//! Gradients of the reference executor against central differences in f64.
//!
//! A difference quotient across a kink measures neither side's slope. So a point is accepted only if no ReLU and no winner
//! of a max pool switches within any step taken from it, and if no batch norm divides by a spread of mere rounding;
//! otherwise values are drawn anew.

mod common;
#[path = "common/group_size.rs"]
mod group_size;
#[path = "common/kinks.rs"]
mod kinks;

use common::{Case, Limits, for_random_networks};
use group_size::group_size;
use kinks::{NARROW, narrowness, pool_windows, relu_inputs, winner};
use rarefy_core::random::{Purpose, Stream};
use rarefy_nn::graph::Graph;
use rarefy_nn::reference::{GroupedPass, Mode, Network, Trace, pass_in_groups};
use std::cell::Cell;

const STEP: f64 = 1e-6;
/// Parameters and pixels tried alone, per tensor; a direction through the whole tensor comes on top.
const COORDINATES: usize = 6;
const DRAWS: u64 = 40;
const LIMITS: Limits = Limits { side: 7, channels: 5, batch: 4, stages: 4 };

#[test]
fn training_gradients_match_finite_differences() {
    check(128, Mode::Train, 99);
}

#[test]
fn evaluation_gradients_match_finite_differences() {
    check(128, Mode::Eval, 99);
}

#[test]
fn training_gradients_in_groups_match_finite_differences() {
    check(64, Mode::Train, 2);
    check(64, Mode::Train, 3);
}

/// A point in the space of all parameters and pixels.
#[derive(Clone)]
struct Point {
    network: Network<f64>,
    images: Vec<f64>,
}

impl Point {
    /// Tensor `index`: a parameter, or the images after the last one.
    fn tensor(&mut self, index: usize) -> &mut Vec<f64> {
        if index < self.network.params.len() { &mut self.network.params[index] } else { &mut self.images }
    }
}

/// A function of a point whose derivative is asked for.
struct Problem<'a> {
    graph: &'a Graph,
    labels: &'a [u32],
    mode: Mode,
    /// Most samples that share statistics.
    most: usize,
}

/// A ReLU or a max pool switched within a step, or a normalized channel hardly varies.
struct Kink;

impl Problem<'_> {
    fn run(&self, point: &Point) -> GroupedPass<f64> {
        let Self { graph, labels, mode, most } = self;
        pass_in_groups(graph, &point.network, &point.images, labels, *mode, *most).expect("fits")
    }

    /// Which way every ReLU and every window of a max pool goes.
    fn branches(&self, traces: &[Trace<f64>]) -> Vec<usize> {
        let of_group = |trace| {
            let relus = relu_inputs(self.graph, trace).into_iter().flatten().map(|x| usize::from(x > 0.0));
            let windows = pool_windows(self.graph, trace).into_iter().flatten();
            relus.chain(windows.map(|window| winner(&window)))
        };
        traces.iter().flat_map(of_group).collect()
    }

    /// `(loss(point + STEP direction) - loss(point - STEP direction)) / (2 STEP)` with `direction` in one tensor.
    fn slope(
        &self,
        point: &mut Point,
        at: &[Trace<f64>],
        tensor: usize,
        direction: &[(usize, f64)],
    ) -> Result<f64, Kink> {
        let mut loss_at = |distance: f64| {
            let before = point.tensor(tensor).clone();
            for &(index, amount) in direction {
                point.tensor(tensor)[index] += distance * amount;
            }
            let moved = self.run(point);
            *point.tensor(tensor) = before;
            if self.branches(&moved.traces) != self.branches(at) {
                return Err(Kink);
            }
            Ok(moved.loss)
        };
        Ok((loss_at(STEP)? - loss_at(-STEP)?) / (2.0 * STEP))
    }
}

fn check(cases: u32, mode: Mode, most: usize) {
    let skipped = Cell::new(0);
    for_random_networks(LIMITS, cases, |spec| {
        if (0..DRAWS).all(|draw| check_point(&spec.build(draw), mode, most, draw).is_err()) {
            skipped.set(skipped.get() + 1);
        }
    });
    // Such as batch norms of a max pool whose only window sees all of the only image.
    assert!(skipped.get() * 10 <= cases, "{} of {cases} networks never went without a kink", skipped.get());
}

fn check_point(case: &Case, mode: Mode, most: usize, draw: u64) -> Result<(), Kink> {
    let most = group_size(case, most);
    let problem = Problem { graph: &case.graph, labels: &case.labels, mode, most };
    let images = case.images.iter().map(|&x| f64::from(x)).collect();
    let mut point = Point { network: Network::from_store(&case.store), images };
    let GroupedPass { traces, gradients, .. } = problem.run(&point);
    if traces.iter().any(|trace| narrowness(trace) > NARROW) {
        return Err(Kink);
    }
    let mut random = Stream::new(draw, Purpose::Synthetic, 1);
    let names = case.graph.parameters().iter().map(|parameter| parameter.name.as_str()).chain(["images"]);
    let tensors = || gradients.params.iter().chain([&gradients.input]);
    // Of the loss, over the step: as large as what the steepest gradient makes of the last digits that it meets.
    let rounding = 1e-8 + 1e-9 * tensors().map(|gradient| largest_of(gradient)).fold(0.0, f64::max);
    for (tensor, (name, gradient)) in names.zip(tensors()).enumerate() {
        let places = existing(case, tensor, gradient.len());
        if places.is_empty() {
            continue;
        }
        let largest = largest_of(gradient);
        let scale = 1.0 / (places.len() as f64).sqrt();
        let whole: Vec<(usize, f64)> = places.iter().map(|&place| (place, scale * random.normal())).collect();
        let alone = (0..COORDINATES).map(|_| {
            let place = places[random.below(places.len() as u64) as usize];
            vec![(place, 1.0)]
        });
        for direction in std::iter::once(whole).chain(alone.collect::<Vec<_>>()) {
            let measured = problem.slope(&mut point, &traces, tensor, &direction)?;
            let expected: f64 = direction.iter().map(|&(place, amount)| amount * gradient[place]).sum();
            assert!(
                (measured - expected).abs() <= 1e-6 * largest.max(expected.abs()) + rounding,
                "{name}, {} places from {:?} ({mode:?}, groups of {most}, draw {draw}): gradient {expected}, difference {measured}",
                direction.len(),
                direction[0],
            );
        }
    }
    Ok(())
}

fn largest_of(gradient: &[f64]) -> f64 {
    gradient.iter().fold(0.0, |largest, g| largest.max(g.abs()))
}

/// Places of a tensor that may move: the weights of the mask, all of any other tensor.
fn existing(case: &Case, tensor: usize, len: usize) -> Vec<usize> {
    match case.store.views().get(tensor).and_then(|view| view.pattern) {
        Some(pattern) => case.store.patterns()[pattern].iter_dense_indices().collect(),
        None => (0..len).collect(),
    }
}
