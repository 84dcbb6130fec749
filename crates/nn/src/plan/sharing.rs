//! A program whose tensors share memory: all that a forward pass without a backward pass needs.

use super::program::{Convolve, Forward, Program, TensorId, Value, ValueId};
use rarefy_kernels::Write;

/// `program` with as few tensors as a forward pass needs at a time: one takes the place of another of its extent that is not read any
/// more. What the last operation reads, and the logits, stay.
pub(crate) fn shared(program: &Program) -> Program {
    let last_read = last_reads(program);
    let mut tensors = Vec::new();
    let mut free: Vec<TensorId> = Vec::new();
    // Where each tensor of `program` is; those that no operation writes are nowhere.
    let mut place: Vec<Option<TensorId>> = vec![None; program.tensors.len()];
    let mut take = |tensor: TensorId, free: &mut Vec<TensorId>| {
        let layout = program.tensors[tensor.0];
        match free.iter().position(|&free| tensors[free.0] == layout) {
            Some(index) => free.swap_remove(index),
            None => {
                tensors.push(layout);
                TensorId(tensors.len() - 1)
            }
        }
    };
    place[0] = Some(take(TensorId(0), &mut free));
    for (index, op) in program.forward.iter().enumerate() {
        let kept =
            op.source().filter(|&(_, keep)| keep).and_then(|(source, _)| value(program, source).stored);
        for tensor in op.output().into_iter().chain(kept) {
            place[tensor.0].get_or_insert_with(|| take(tensor, &mut free));
        }
        // Those that this operation was the last to read or, if nobody reads them, to write.
        for (tensor, place) in place.iter().enumerate() {
            if last_read[tensor] == index {
                free.extend(place);
            }
        }
    }
    let to = |tensor: TensorId| place[tensor.0].unwrap_or(TensorId(0));
    let mut shared = program.clone();
    for value in &mut shared.values {
        value.stored = value.stored.map(to);
        for term in &mut value.terms {
            term.tensor = to(term.tensor);
        }
    }
    for norm in &mut shared.norms {
        norm.tensor = to(norm.tensor);
    }
    for op in &mut shared.forward {
        if let Forward::Convolve(Convolve { output, .. }) | Forward::Pool { output, .. } = op {
            *output = to(*output);
        }
    }
    // Read back at once, and few enough for the caches.
    shared.writes = vec![Write::Cached; tensors.len()];
    shared.owner.clear();
    shared.tensors = tensors;
    shared
}

fn value(program: &Program, id: ValueId) -> &Value {
    &program.values[id.0]
}

/// Per tensor the last operation that reads it or writes it; beyond the last for those that are read afterwards.
fn last_reads(program: &Program) -> Vec<usize> {
    let mut last = vec![0; program.tensors.len()];
    let end = program.forward.len();
    for (index, op) in program.forward.iter().enumerate() {
        let source = op.source().map(|(source, _)| value(program, source));
        let terms = source.into_iter().flat_map(|value| value.terms.iter().map(|term| term.tensor));
        let stored = source.and_then(|value| value.stored);
        for tensor in terms.chain(stored).chain(op.output()) {
            last[tensor.0] = index;
        }
    }
    for value in program.features().into_iter().chain([program.logits]).map(|id| value(program, id)) {
        for tensor in value.terms.iter().map(|term| term.tensor).chain(value.stored) {
            last[tensor.0] = end;
        }
    }
    last
}
