//! The random networks that tests compare with the reference executor reach every path of lowering and scheduling.

#[path = "../../tests/common/mod.rs"]
#[expect(dead_code, reason = "nothing runs here: images and labels stay unread")]
mod common;

use super::Plan;
use super::program::{Forward, PoolKind, Program, TensorId, Value};
use super::schedule::{Backward, Target};
use common::{Limits, for_random_networks};
use rarefy_kernels::Isa;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Those of `tests/fast_engine.rs`, whose comparisons with the reference executor see at least this many networks.
const LIMITS: Limits = Limits { side: 11, channels: 18, batch: 11, stages: 4 };
const CASES: u32 = 500;

/// Calls `check` with the plans of every network: for training, and for gradients of the images.
fn for_random_plans(check: impl Fn(&Plan)) {
    for_random_networks(LIMITS, CASES, |spec| {
        let case = spec.build(0);
        for image_gradient in [false, true] {
            let patterns = case.store.patterns();
            let plan = Plan::new(&case.graph, patterns, spec.batch, Isa::best(), image_gradient);
            check(&plan.expect("memory"));
        }
    });
}

#[test]
fn random_networks_reach_every_path_of_lowering() {
    let reached = RefCell::new(BTreeSet::new());
    for_random_plans(|plan| lowering(plan, &mut |path| reached.borrow_mut().extend([path])));
    let expected = [
        "a convolution measures its output",
        "a convolution that nothing normalizes",
        "a convolution stores its source",
        "a convolution of one strip",
        "a convolution of several strips",
        "a convolution reads every phase",
        "a convolution skips phases",
        "a global average",
        "a max pool",
        "a pool stores its source",
        "a value of one term is stored apart",
        "a value of two terms is stored apart",
        "a stored value is measured",
        "the images are measured",
        "a ReLU merged with what it reads",
        "a ReLU of a stored value",
        "a sum of two outputs",
        "a sum of an output and a stored value",
        "a sum of two stored values",
        "a sum of a value with itself",
        "a sum of two batch norms",
        "a sum whose second term alone is normalized",
        "a sum whose two terms are norms of one value",
        "logits that are no operation's output",
    ];
    assert_eq!(reached.into_inner(), BTreeSet::from(expected));
}

fn lowering(plan: &Plan, reach: &mut impl FnMut(&'static str)) {
    let program = &plan.program;
    for op in &program.forward {
        match op {
            Forward::Convolve(convolve) => {
                reach(match convolve.norm {
                    Some(_) => "a convolution measures its output",
                    None => "a convolution that nothing normalizes",
                });
                reach(match convolve.geometry.strips().count() {
                    1 => "a convolution of one strip",
                    _ => "a convolution of several strips",
                });
                if convolve.geometry.window.stride > 1 {
                    reach(match convolve.geometry.window.reads_every_phase() {
                        true => "a convolution reads every phase",
                        false => "a convolution skips phases",
                    });
                }
                if convolve.keep {
                    reach("a convolution stores its source");
                }
            }
            Forward::Pool { keep, kind, .. } => {
                reach(match kind {
                    PoolKind::GlobalAverage => "a global average",
                    PoolKind::Max(_) => "a max pool",
                });
                if *keep {
                    reach("a pool stores its source");
                }
            }
            Forward::Store { value } => reach(match program.values[value.0].terms.len() {
                1 => "a value of one term is stored apart",
                _ => "a value of two terms is stored apart",
            }),
            Forward::Measure { norm } => reach(match program.norms[norm.0].tensor {
                TensorId(0) => "the images are measured",
                _ => "a stored value is measured",
            }),
        }
    }
    program.values.iter().for_each(|value| value_paths(value, reach));
    let logits = &program.values[program.logits.0];
    if logits.stored != Some(logits.terms[0].tensor) {
        reach("logits that are no operation's output");
    }
}

fn value_paths(value: &Value, reach: &mut impl FnMut(&'static str)) {
    if value.relu {
        reach(match value.terms[0].of {
            None => "a ReLU merged with what it reads",
            Some(_) => "a ReLU of a stored value",
        });
    }
    let [a, b] = value.terms[..] else { return };
    reach(match (a.of, b.of) {
        (None, None) => "a sum of two outputs",
        (Some(_), Some(_)) => "a sum of two stored values",
        _ => "a sum of an output and a stored value",
    });
    if a == b {
        reach("a sum of a value with itself");
    }
    match (a.norm, b.norm) {
        (Some(_), Some(_)) if a.tensor == b.tensor => reach("a sum whose two terms are norms of one value"),
        (Some(_), Some(_)) => reach("a sum of two batch norms"),
        (None, Some(_)) => reach("a sum whose second term alone is normalized"),
        _ => {}
    }
}

#[test]
fn random_networks_reach_every_path_of_scheduling() {
    let reached = RefCell::new(BTreeSet::new());
    for_random_plans(|plan| scheduling(plan, &mut |path| reached.borrow_mut().extend([path])));
    let expected = [
        "nobody wants the gradient",
        "a convolution gives one of several parts",
        "a pool gives one of several parts",
        "the last part finishes alone",
        "the last part finishes with one other",
        "the last part finishes with two others",
        "the last part finishes in the buffer of another",
        "a value is finished apart",
        "more than two parts are summed pairwise",
        "a gradient goes back through a norm of a stored value",
        "the images' gradient is finished in the buffer of a part",
        "the images' gradient is finished apart",
        "the images' gradient is an operation's own",
        "the images' gradient comes out of a norm",
    ];
    assert_eq!(reached.into_inner(), BTreeSet::from(expected));
}

fn scheduling(plan: &Plan, reach: &mut impl FnMut(&'static str)) {
    let schedule = &plan.schedule;
    let mut finished_apart = BTreeSet::new();
    // The last to write there: until then the buffer may have served others.
    let mut images_by = None;
    for op in &schedule.backward {
        if schedule.images.is_some() && schedule.images == op.out() {
            images_by = Some(op);
        }
        let target = match op {
            Backward::Convolve { target, .. } | Backward::Pool { target, .. } => target,
            Backward::Finish { value, target } => {
                reach(match finished_apart.insert(*value) {
                    true => "a value is finished apart",
                    false => "more than two parts are summed pairwise",
                });
                target
            }
            Backward::Norm { .. } => {
                reach("a gradient goes back through a norm of a stored value");
                continue;
            }
        };
        match (op, target) {
            (_, Target::Nowhere) => reach("nobody wants the gradient"),
            (Backward::Pool { .. }, Target::Part { .. }) => reach("a pool gives one of several parts"),
            (_, Target::Part { .. }) => reach("a convolution gives one of several parts"),
            (Backward::Finish { .. }, Target::Finish { .. }) => {}
            (_, Target::Finish { accumulate: true, .. }) => {
                reach("the last part finishes in the buffer of another");
            }
            (_, Target::Finish { extra, .. }) => reach(match extra.len() {
                0 => "the last part finishes alone",
                1 => "the last part finishes with one other",
                _ => "the last part finishes with two others",
            }),
        }
    }
    match images_by {
        Some(Backward::Norm { .. }) => reach("the images' gradient comes out of a norm"),
        Some(Backward::Finish { .. }) => reach("the images' gradient is finished apart"),
        Some(Backward::Convolve { target, .. } | Backward::Pool { target, .. }) => {
            reach(match target {
                Target::Finish { accumulate: true, .. } => {
                    "the images' gradient is finished in the buffer of a part"
                }
                _ => "the images' gradient is an operation's own",
            });
        }
        None => {}
    }
}

#[test]
fn every_operation_of_a_random_network_is_taken_back_once_and_reads_what_is_written() {
    for_random_plans(|plan| {
        let schedule = &plan.schedule;
        let mut written = BTreeSet::from([schedule.logits]);
        let mut taken_back = Vec::new();
        for op in &schedule.backward {
            assert!(op.reads().iter().all(|read| written.contains(read)), "{op:?} of {schedule:?}");
            written.extend(op.out());
            if let Backward::Convolve { op, .. } | Backward::Pool { op, .. } = op {
                taken_back.push(*op);
            }
        }
        let runs = |op: &Forward| matches!(op, Forward::Convolve(_) | Forward::Pool { .. });
        let operations = (0..plan.program.forward.len()).filter(|&op| runs(&plan.program.forward[op]));
        assert_eq!(taken_back, operations.rev().collect::<Vec<_>>(), "{schedule:?}");
        assert!(schedule.images.is_none_or(|images| written.contains(&images)), "{schedule:?}");
    });
}

/// The tensors that an operation reads, and those that it writes.
fn touched(program: &Program, op: &Forward) -> (Vec<TensorId>, Vec<TensorId>) {
    let (mut reads, mut writes) = (Vec::new(), Vec::from_iter(op.output()));
    if let Some((source, keep)) = op.source() {
        let Value { terms, stored, .. } = &program.values[source.0];
        match stored {
            Some(stored) if !keep => reads.push(*stored),
            stored => {
                reads.extend(terms.iter().map(|term| term.tensor));
                writes.extend(stored);
            }
        }
    }
    (reads, writes)
}

#[test]
fn tensors_that_share_memory_hold_what_is_read() {
    let saved = RefCell::new(0);
    for_random_plans(|plan| {
        let (own, shared) = (&plan.program, &plan.forward_only);
        // Which of the program's own tensors is in each shared one.
        let mut holds = vec![None; shared.tensors.len()];
        holds[0] = Some(TensorId(0));
        let check = |holds: &[Option<TensorId>], own: &[TensorId], shared: &[TensorId]| {
            for (own, shared) in own.iter().zip(shared) {
                assert_eq!(holds[shared.0], Some(*own), "read from {shared:?}");
            }
        };
        for (op, shared_op) in own.forward.iter().zip(&shared.forward) {
            let ((reads, writes), (from, to)) = (touched(own, op), touched(shared, shared_op));
            check(&holds, &reads, &from);
            assert!(to.iter().all(|to| !from.contains(to)), "{to:?} is written while {from:?} are read");
            for (own, shared_to) in writes.iter().zip(&to) {
                assert_eq!(layout(*own, &plan.program), layout(*shared_to, shared));
                holds[shared_to.0] = Some(*own);
            }
        }
        for id in own.features().into_iter().chain([own.logits]) {
            let tensors = |program: &Program| {
                let value = &program.values[id.0];
                value.stored.map_or_else(|| value.terms.iter().map(|t| t.tensor).collect(), |t| vec![t])
            };
            check(&holds, &tensors(own), &tensors(shared));
        }
        *saved.borrow_mut() += own.tensors.len() - shared.tensors.len();
    });
    assert!(*saved.borrow() > 0, "no memory was shared");
}

fn layout(tensor: TensorId, program: &Program) -> &super::Layout {
    &program.tensors[tensor.0]
}
