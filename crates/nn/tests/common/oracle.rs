//! What the fast engine's numbers must be: those of the reference executor in f64.
//!
//! Two right answers in f32 may differ where the problem magnifies rounding, so the reference executor runs in f32 too and
//! its distance from f64 is the yardstick. Values are drawn anew until nothing hangs on a rounding: no ReLU input within
//! rounding of 0 and no max pool between numbers within rounding of each other: either may go the other way, which moves
//! gradients by far more than rounding.
//!
//! The engine folds a channel's mean into the shift of its batch norm, as PyTorch does, and rounds it there: the error of
//! f32 grows by the ratio of mean and standard deviation, and so does the yardstick, up to [`NARROW`].

use super::common::{Case, Limits, Spec, for_random_networks};
use super::kinks::{NARROW, narrowness, pool_windows, relu_inputs, winner};
use rarefy_kernels::Isa;
use rarefy_nn::optim::Optimizer;
use rarefy_nn::reference::{Mode, Network, Scalar, Trace, mask, pass_in_groups};
use rarefy_nn::{Session, SessionOptions};
use std::cell::Cell;

/// Size of the networks that the engine is tried on.
pub(crate) const LIMITS: Limits = Limits { side: 11, channels: 18, batch: 11, stages: 4 };
const DRAWS: u64 = 60;
/// Relative, of a well-conditioned tensor.
const TOLERANCE: f64 = 1e-5;
/// Absolute, where f32 is exact by luck.
const ABSOLUTE: f64 = 1e-6;
/// Distances of f32 from f64 that the engine may be off: its sums have another order.
const YARDSTICKS: f64 = 30.0;
/// The same for how near 0 a ReLU input may be, by the worst of its channel.
const MARGIN: f64 = 8.0;

/// An optimizer that leaves the gradient as it is.
pub(crate) const PLAIN: Optimizer = Optimizer::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 };

/// A pass of the reference executor.
pub(crate) struct Pass<T> {
    /// After the pass.
    pub(crate) network: Network<T>,
    /// One a group.
    pub(crate) traces: Vec<Trace<T>>,
    /// `[sample][class]`
    pub(crate) logits: Vec<T>,
    pub(crate) loss: T,
    /// Masked, by parameter; after the last one, with respect to the images.
    pub(crate) gradients: Vec<Vec<T>>,
    /// With respect to every parameter of the dense network, those that are absent included.
    pub(crate) dense: Vec<Vec<T>>,
}

fn pass<T: Scalar>(case: &Case, mode: Mode, most: usize) -> Pass<T> {
    let images: Vec<T> = case.images.iter().map(|&x| T::from_f64(f64::from(x))).collect();
    let mut network = Network::from_store(&case.store);
    let all = pass_in_groups(&case.graph, &network, &images, &case.labels, mode, most).expect("fits");
    let dense = all.gradients.params.clone();
    let mut gradients = all.gradients.params;
    mask(&case.graph, case.store.patterns(), &mut gradients);
    gradients.push(all.gradients.input);
    network.update_running_in_groups(&all.traces);
    let logits = all.traces.iter().flat_map(Trace::logits).copied().collect();
    Pass { network, traces: all.traces, logits, loss: all.loss, gradients, dense }
}

/// A network and what the reference executor makes of it, in both precisions.
pub(crate) struct Problem {
    pub(crate) case: Case,
    pub(crate) exact: Pass<f64>,
    pub(crate) rounded: Pass<f32>,
}

/// Checks `cases` random networks in a mode; panics with the smallest failing one.
pub(crate) fn for_random_problems(cases: u32, mode: Mode, check: impl Fn(&Spec, &Problem)) {
    let skipped = Cell::new(0);
    for_random_networks(LIMITS, cases, |spec| match problem(spec, mode) {
        Some(problem) => check(spec, &problem),
        None => skipped.set(skipped.get() + 1),
    });
    // Such as batch norms of a max pool whose only window sees all of the only image.
    assert!(skipped.get() * 10 <= cases, "{} of {cases} networks never went without a kink", skipped.get());
}

/// The first draw in which nothing hangs on a rounding, if there is one.
pub(crate) fn problem(spec: &Spec, mode: Mode) -> Option<Problem> {
    (0..DRAWS).find_map(|draw| clear(spec.build(draw), mode))
}

/// What the reference executor makes of a network, unless something hangs on a rounding there.
pub(crate) fn clear(case: Case, mode: Mode) -> Option<Problem> {
    let most = case.labels.len();
    clear_in_groups(case, mode, most)
}

/// The same for groups of at most `most` samples.
pub(crate) fn clear_in_groups(case: Case, mode: Mode, most: usize) -> Option<Problem> {
    let (exact, rounded) = (pass(&case, mode, most), pass(&case, mode, most));
    let problem = Problem { case, exact, rounded };
    let clear =
        problem.narrowness() <= NARROW && problem.clear_of_relu_kinks() && problem.clear_of_pool_kinks();
    clear.then_some(problem)
}

impl Problem {
    /// Asserts that numbers the engine found are as near the exact ones as the rounded ones are, but for the order of sums.
    #[track_caller]
    pub(crate) fn assert_near(&self, what: &str, found: &[f64], exact: &[f64], rounded: &[f64]) {
        self.assert_near_at_scale(what, found, exact, rounded, 1.0);
    }

    /// The same for a gradient: of the parameter `tensor`, or of the images after the last one. Terms of a gradient that
    /// cancel, as before a batch norm, may be as large as any gradient of the network.
    #[track_caller]
    pub(crate) fn assert_gradient_near(&self, what: &str, found: &[f32], tensor: usize) {
        let (exact, rounded) = (&self.exact.gradients, &self.rounded.gradients);
        let largest = exact.iter().map(|gradient| norm(gradient.iter().copied())).fold(1.0, f64::max);
        self.assert_near_at_scale(what, &widen(found), &exact[tensor], &widen(&rounded[tensor]), largest);
    }

    /// The same for all positions of the parameter `tensor`.
    #[track_caller]
    pub(crate) fn assert_dense_gradient_near(&self, what: &str, found: &[f32], tensor: usize) {
        let (exact, rounded) = (&self.exact.dense, &self.rounded.dense);
        let largest = exact.iter().map(|gradient| norm(gradient.iter().copied())).fold(1.0, f64::max);
        self.assert_near_at_scale(what, &widen(found), &exact[tensor], &widen(&rounded[tensor]), largest);
    }

    #[track_caller]
    fn assert_near_at_scale(&self, what: &str, found: &[f64], exact: &[f64], rounded: &[f64], scale: f64) {
        let distance = |values: &[f64]| norm(values.iter().zip(exact).map(|(a, b)| a - b));
        let yardstick = YARDSTICKS * distance(rounded) + ABSOLUTE * scale;
        let allowed = TOLERANCE * norm(exact.iter().copied()) + self.narrowness() * yardstick;
        assert_eq!(found.len(), exact.len(), "{what}");
        let off = distance(found);
        assert!(off <= allowed, "{what}: off by {off}, allowed {allowed}\nfound {found:?}\nexact {exact:?}");
    }

    /// The worst of any group.
    fn narrowness(&self) -> f64 {
        self.exact.traces.iter().map(narrowness).fold(1.0, f64::max)
    }

    fn clear_of_relu_kinks(&self) -> bool {
        let Self { case, exact, rounded } = self;
        let exact = exact.traces.iter().flat_map(|trace| relu_inputs(&case.graph, trace));
        let rounded = rounded.traces.iter().flat_map(|trace| relu_inputs(&case.graph, trace));
        let mut channels = exact.zip(rounded);
        channels.all(|(exact, rounded)| {
            let pairs = || exact.iter().copied().zip(rounded.iter().map(|&y| f64::from(y)));
            let margin = MARGIN * pairs().map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
            // Zero in both is the output of a row without weights: exact in every order of summation.
            pairs().all(|(x, y)| x.abs() > margin || (x == 0.0 && y == 0.0))
        })
    }

    fn clear_of_pool_kinks(&self) -> bool {
        let Self { case, exact, rounded } = self;
        let exact = exact.traces.iter().flat_map(|trace| pool_windows(&case.graph, trace));
        let rounded = rounded.traces.iter().flat_map(|trace| pool_windows(&case.graph, trace));
        let mut channels = exact.zip(rounded);
        channels.all(|(exact, rounded)| {
            let off = |(x, y): (&f64, &f32)| (x - f64::from(*y)).abs();
            let all = exact.iter().flatten().zip(rounded.iter().flatten());
            // Both numbers may be off.
            let margin = 2.0 * MARGIN * all.map(off).fold(0.0, f64::max);
            exact.iter().zip(&rounded).all(|(exact, rounded)| {
                let best = winner(exact);
                let mut rivals = exact.iter().zip(rounded);
                // Equal in both are zeros after a ReLU and the like: equal in every order of summation, the first wins.
                rivals.all(|(x, y)| exact[best] - x > margin || (*x == exact[best] && *y == rounded[best]))
            })
        })
    }
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|x| x * x).sum::<f64>().sqrt()
}

pub(crate) fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

pub(crate) fn session(
    case: &Case,
    max_batch: usize,
    threads: usize,
    isa: Isa,
    optimizer: Optimizer,
) -> Session {
    let options = SessionOptions { max_batch, threads, optimizer };
    Session::with_isa(case.graph.clone(), case.store.clone(), options, isa).expect("a session")
}
