//! Where no weight has ever been.

use super::candidates::any;
use super::{Inactive, Rule};
use crate::{Scratch, SparsityError};
use rarefy_core::random::Stream;

/// Random among positions that have never had a weight; when they run out, among the others.
///
/// Source: the published code of Liu et al., ICML 2021 (ITOP) and ICLR 2022, which explores as many weights as it can.
#[derive(Clone, Copy, Debug)]
pub struct RandomUnfired;

impl Rule for RandomUnfired {
    fn name(&self) -> &'static str {
        "random_unfired"
    }

    fn summary(&self) -> &'static str {
        "where no weight has ever been, then anywhere"
    }

    fn choose(
        &self,
        layer: &Inactive<'_>,
        count: usize,
        random: &mut Stream,
        scratch: &mut Scratch,
    ) -> Result<(), SparsityError> {
        let Scratch { order, other, .. } = scratch;
        let fired = |position: &u32| match layer.fired {
            Some(fired) => fired.contains(*position),
            // Without a record nothing but the pattern itself is known to have fired.
            None => layer.dropped.binary_search(position).is_ok(),
        };
        other.clear();
        other.extend(order.iter().copied().filter(fired));
        order.retain(|position| !fired(position));
        let unfired = count.min(order.len());
        any(order, unfired, random);
        any(other, count - unfired, random);
        order.extend_from_slice(other);
        order.sort_unstable();
        Ok(())
    }
}
