//! Blocks of unlike size traded for one another, to come closer to a budget.

use super::slot::{Slot, neediest, richest};

/// Half-width of the search, in greatest common divisors of the units: 4 MB per unit.
const LARGEST_REACH: usize = 1 << 18;

/// All slots of one unit together.
struct Class {
    unit: u64,
    /// Blocks that could be added and removed.
    room: u64,
    spare: u64,
}

/// Changes counts so that as many as possible of the `left` weights are taken, and moves few blocks; returns what is
/// left after that.
///
/// Which totals are attainable is a bounded subset-sum problem in the number of blocks of each unit. It is solved near the
/// present counts: if `u` is the largest unit and `left < u`, some best solution changes the counts by at most `3u`
/// blocks in all. (Put additions and removals in such an order that running totals stay within `-u..2u`; of more steps
/// than that some total repeats, and the steps between cancel out.) So running totals over the classes stay within
/// `2u^2`.
pub(crate) fn fill_gap(slots: &mut [Slot], left: u64) -> u64 {
    // With blocks of one size this is all there is to it, and dynamic training allocates nothing.
    let movable = slots.iter().filter(|slot| slot.capacity > slot.least);
    let divisor = movable.fold(0, |divisor, slot| gcd(divisor, slot.unit));
    if divisor == 0 || left < divisor {
        return left;
    }
    let classes = classes(slots);
    let step = |class: &Class| (class.unit / divisor) as usize;
    let largest = classes.iter().map(step).max().unwrap_or(1);
    let reach = largest.saturating_mul(largest).saturating_mul(2).min(LARGEST_REACH);

    // `moves[c][reach + t]`: blocks of class c to add on the way to total t over classes 0..=c.
    let mut moves: Vec<Vec<Option<i32>>> = Vec::with_capacity(classes.len());
    let mut reached = vec![false; 2 * reach + 1];
    reached[reach] = true;
    for class in &classes {
        let next = fewest_moves(&reached, step(class), class);
        reached = next.iter().map(Option::is_some).collect();
        moves.push(next);
    }

    let gap = ((left / divisor) as usize).min(reach);
    let Some(gain) = (0..=gap).rev().find(|gain| reached[reach + gain]) else { return left };
    let mut total = (reach + gain) as i64;
    for (class, moves) in classes.iter().zip(&moves).rev() {
        let Some(Some(change)) = moves.get(total as usize) else { return left };
        total -= i64::from(*change) * step(class) as i64;
        apply(slots, class.unit, *change);
    }
    left - gain as u64 * divisor
}

/// The units whose number of blocks can change.
fn classes(slots: &[Slot]) -> Vec<Class> {
    let mut units: Vec<u64> = slots.iter().map(|slot| slot.unit).collect();
    units.sort_unstable();
    units.dedup();
    let class = |unit| {
        let alike = || slots.iter().filter(move |slot| slot.unit == unit);
        let room = alike().map(|slot| slot.capacity - slot.count).sum();
        Class { unit, room, spare: alike().map(|slot| slot.count - slot.least).sum() }
    };
    units.into_iter().map(class).filter(|class| class.room + class.spare > 0).collect()
}

/// For each total the fewest blocks of one class to add (or, negative, to remove) to get there from a `reached` one.
fn fewest_moves(reached: &[bool], step: usize, class: &Class) -> Vec<Option<i32>> {
    let limited = |blocks: Option<u32>, limit: u64| {
        blocks.map(|blocks| blocks + 1).filter(|&blocks| u64::from(blocks) <= limit)
    };
    let mut added: Vec<Option<u32>> = Vec::with_capacity(reached.len());
    for (total, &here) in reached.iter().enumerate() {
        let before = total.checked_sub(step).and_then(|from| added[from]);
        added.push(if here { Some(0) } else { limited(before, class.room) });
    }
    let mut removed: Vec<Option<u32>> = vec![None; reached.len()];
    for (total, &here) in reached.iter().enumerate().rev() {
        let before = removed.get(total + step).copied().flatten();
        removed[total] = if here { Some(0) } else { limited(before, class.spare) };
    }
    let fewest = added.iter().zip(&removed).map(|pair| match pair {
        (Some(add), Some(remove)) if remove < add => Some(-(*remove as i32)),
        (Some(add), _) => Some(*add as i32),
        (None, remove) => remove.map(|remove| -(remove as i32)),
    });
    fewest.collect()
}

/// Adds `change` blocks to (or removes them from) the slots of `unit`, where the quotas say.
fn apply(slots: &mut [Slot], unit: u64, change: i32) {
    for _ in 0..change.unsigned_abs() {
        let slot = if change > 0 {
            neediest(slots, |slot| slot.unit == unit)
        } else {
            richest(slots, |slot| slot.unit == unit)
        };
        if let Some(slot) = slot {
            slot.count = if change > 0 { slot.count + 1 } else { slot.count - 1 };
        }
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
