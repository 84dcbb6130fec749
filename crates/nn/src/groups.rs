//! Batches cut into groups that share batch-norm statistics.

use std::ops::Range;

/// Cuts `samples` into as few runs of at most `most` samples as there can be, of lengths that differ by at most one: no
/// run is a small rest whose statistics would be noise. `most` of 0 counts as 1.
pub fn groups(samples: usize, most: usize) -> impl Iterator<Item = Range<usize>> + Clone {
    let count = samples.div_ceil(most.max(1));
    let (least, longer) = (samples / count.max(1), samples % count.max(1));
    let start = move |group: usize| group * least + group.min(longer);
    (0..count).map(move |group| start(group)..start(group + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_cover_the_batch_in_order_and_are_few_and_even() {
        for samples in 0..70 {
            for most in 1..40 {
                let all: Vec<Range<usize>> = groups(samples, most).collect();
                assert_eq!(all.len(), samples.div_ceil(most));
                assert!(all.iter().flat_map(Range::clone).eq(0..samples), "{samples} by {most}");
                let lengths = || all.iter().map(Range::len);
                let (least, largest) = (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0));
                assert!(largest <= most && largest - least <= 1 && (least > 0 || samples == 0));
            }
        }
        assert_eq!(groups(72, 32).map(|group| group.len()).collect::<Vec<_>>(), [24, 24, 24]);
        assert_eq!(groups(2, 0).count(), 2);
    }
}
