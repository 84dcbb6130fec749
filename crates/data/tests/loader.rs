//! Batches depend on (data set, pass, epoch, number) and on nothing else.

use rarefy_core::Extent;
use rarefy_data::{Batch, DataError, Dataset, Draw, Loader, Normalization, Pass, Split};
use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What goes wrong at sample 37.
#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    None,
    Error,
    Panic,
    Label,
}

/// Samples that tell what was asked for: split, index, and the draw's seed and epoch (-1 without).
struct Echo {
    trouble: Mutex<Trouble>,
    lens: [usize; 3],
    asked: Mutex<usize>,
    changed: Condvar,
}

fn echo(lens: [usize; 3], trouble: Trouble) -> Arc<Echo> {
    Arc::new(Echo { trouble: Mutex::new(trouble), lens, asked: Mutex::new(0), changed: Condvar::new() })
}

impl Dataset for Echo {
    fn name(&self) -> &str {
        "echo"
    }
    fn extent(&self) -> Extent {
        Extent { channels: 2, height: 1, width: 2 }
    }
    fn classes(&self) -> usize {
        1000
    }
    fn len(&self, split: Split) -> usize {
        self.lens[split as usize]
    }
    fn normalization(&self) -> Normalization {
        Normalization::identity(2)
    }
    fn sample(
        &self,
        split: Split,
        index: u32,
        draw: Option<Draw>,
        image: &mut [f32],
    ) -> Result<u32, DataError> {
        *self.asked.lock().unwrap() += 1;
        self.changed.notify_all();
        let trouble = if index == 37 { *self.trouble.lock().unwrap() } else { Trouble::None };
        match trouble {
            Trouble::None => {}
            Trouble::Error => {
                let problem = "the disk is on fire".to_owned();
                return Err(DataError::Sample { dataset: "echo".into(), split, index, problem });
            }
            Trouble::Panic => panic!("sample {index} is a trap"),
            Trouble::Label => return Ok(1000),
        }
        let (seed, epoch) = draw.map_or((-1.0, -1.0), |draw| (draw.seed as f32, draw.epoch as f32));
        image.copy_from_slice(&[split as usize as f32, index as f32, seed, epoch]);
        Ok(index % 1000)
    }
}

fn train(data: &Arc<Echo>, seed: u64, batch_size: usize) -> Loader {
    Loader::new(Arc::<Echo>::clone(data), Pass::Train { seed }, batch_size).unwrap()
}

fn batches(loader: &mut Loader, epoch: u32, first: usize) -> Vec<Batch> {
    let mut epoch = loader.epoch(epoch, first).unwrap();
    let mut all = Vec::new();
    while let Some(batch) = epoch.next_batch().unwrap() {
        all.push(batch.clone());
    }
    assert_eq!(epoch.next_batch().unwrap(), None);
    all
}

fn order(batches: &[Batch]) -> Vec<u32> {
    let images = batches.iter().flat_map(|batch| batch.images.chunks(4));
    images.map(|image| image[1] as u32).collect()
}

#[test]
fn an_epoch_visits_every_sample_once_and_keeps_the_partial_last_batch() {
    let data = echo([103, 0, 0], Trouble::None);
    let mut loader = train(&data, 1, 25);
    assert_eq!((loader.batches(), loader.samples(), loader.split()), (5, 103, Split::Train));
    let epoch = batches(&mut loader, 4, 0);
    assert_eq!(epoch.iter().map(Batch::len).collect::<Vec<_>>(), [25, 25, 25, 25, 3]);
    for batch in &epoch {
        assert_eq!(batch.images.len(), 4 * batch.len());
        for (image, &label) in batch.images.chunks(4).zip(&batch.labels) {
            assert_eq!(image, [0.0, label as f32, 1.0, 4.0]);
        }
    }
    let mut seen = order(&epoch);
    assert_ne!(seen, (0..103).collect::<Vec<_>>());
    seen.sort_unstable();
    assert_eq!(seen, (0..103).collect::<Vec<_>>());
}

#[test]
fn the_order_is_a_function_of_seed_and_epoch() {
    let data = echo([103, 0, 0], Trouble::None);
    let visit = |seed, epoch, size| order(&batches(&mut train(&data, seed, size), epoch, 0));
    assert_eq!(visit(1, 0, 10), visit(1, 0, 33));
    assert_ne!(visit(1, 0, 10), visit(1, 1, 10));
    assert_ne!(visit(1, 0, 10), visit(2, 0, 10));
    assert_eq!(visit(1, 0, 10)[..8], [16, 71, 38, 66, 26, 79, 72, 41]);
}

#[test]
fn evaluation_is_in_natural_order_and_never_augmented() {
    let data = echo([5, 7, 9], Trouble::None);
    for (split, len) in Split::ALL.into_iter().zip([5, 7, 9]) {
        let mut loader = Loader::new(Arc::<Echo>::clone(&data), Pass::Evaluate(split), 4).unwrap();
        for epoch in 0..2 {
            let all = batches(&mut loader, epoch, 0);
            let images: Vec<f32> = all.into_iter().flat_map(|batch| batch.images).collect();
            let expected: Vec<f32> =
                (0..len).flat_map(|index| [split as usize as f32, index as f32, -1.0, -1.0]).collect();
            assert_eq!(images, expected);
        }
    }
}

#[test]
fn starting_in_the_middle_gives_the_same_batches() {
    let data = echo([103, 0, 0], Trouble::None);
    let whole = batches(&mut train(&data, 3, 10), 6, 0);
    let mut used = train(&data, 3, 10);
    for first in 0..=11 {
        assert_eq!(batches(&mut train(&data, 3, 10), 6, first), whole[first..]);
        assert_eq!(batches(&mut used, 6, first), whole[first..]);
    }
}

#[test]
fn an_epoch_left_midway_does_not_disturb_the_next() {
    let data = echo([103, 0, 0], Trouble::None);
    let mut loader = train(&data, 3, 10);
    let expected = batches(&mut loader, 1, 0);
    for taken in 0..11 {
        let mut epoch = loader.epoch(0, 0).unwrap();
        for number in 0..taken {
            assert_eq!(epoch.position(), number);
            assert!(epoch.next_batch().unwrap().is_some());
        }
        assert_eq!(batches(&mut loader, 1, 0), expected);
    }
}

#[test]
fn dropping_the_loader_midway_ends_its_thread() {
    let data = echo([1000, 0, 0], Trouble::None);
    for taken in 0..4 {
        let mut loader = train(&data, 3, 10);
        let mut epoch = loader.epoch(0, 0).unwrap();
        (0..taken).for_each(|_| assert!(epoch.next_batch().unwrap().is_some()));
        drop(loader);
        assert_eq!(Arc::strong_count(&data), 1, "the thread still holds the data set");
    }
}

#[test]
fn batches_are_prepared_ahead_of_being_asked_for() {
    let data = echo([100, 0, 0], Trouble::None);
    let mut loader = train(&data, 3, 10);
    let mut epoch = loader.epoch(0, 0).unwrap();
    epoch.next_batch().unwrap();
    // Nothing is asked for any more; the thread still makes two batches beside the one held here.
    let asked = data.asked.lock().unwrap();
    let (asked, wait) =
        data.changed.wait_timeout_while(asked, Duration::from_secs(60), |asked| *asked < 30).unwrap();
    assert!(!wait.timed_out(), "only {asked} samples were loaded");
}

#[test]
fn buffers_are_used_again() {
    let data = echo([100, 0, 0], Trouble::None);
    let mut loader = train(&data, 3, 10);
    let mut addresses = HashSet::new();
    for number in 0..10 {
        let mut epoch = loader.epoch(number, 0).unwrap();
        while let Some(batch) = epoch.next_batch().unwrap() {
            addresses.insert((batch.images.as_ptr(), batch.images.capacity(), batch.labels.as_ptr()));
        }
    }
    assert!(addresses.len() <= 3, "100 batches came in {} buffers", addresses.len());
}

#[test]
fn an_error_comes_in_place_of_its_batch_and_the_loader_lives_on() {
    let data = echo([0, 0, 100], Trouble::Error);
    let mut loader = Loader::new(Arc::<Echo>::clone(&data), Pass::Evaluate(Split::Test), 10).unwrap();
    for _ in 0..2 {
        let mut epoch = loader.epoch(0, 0).unwrap();
        (0..3).for_each(|_| assert!(epoch.next_batch().unwrap().is_some()));
        for _ in 0..2 {
            let error = epoch.next_batch().unwrap_err();
            assert_eq!(error.to_string(), "test sample 37 of `echo`: the disk is on fire");
        }
    }
    *data.trouble.lock().unwrap() = Trouble::None;
    assert_eq!(order(&batches(&mut loader, 0, 0)), (0..100).collect::<Vec<_>>());
}

#[test]
fn a_label_that_is_no_class_is_an_error() {
    let data = echo([0, 50, 0], Trouble::Label);
    let mut loader = Loader::new(data, Pass::Evaluate(Split::Validation), 50).unwrap();
    let error = loader.epoch(0, 0).unwrap().next_batch().unwrap_err().to_string();
    assert_eq!(error, "validation sample 37 of `echo` has label 1000, but there are 1000 classes (0 to 999)");
}

#[test]
fn a_panic_in_the_data_set_is_an_error_in_place_of_its_batch() {
    let data = echo([0, 0, 100], Trouble::Panic);
    let mut loader = Loader::new(data, Pass::Evaluate(Split::Test), 10).unwrap();
    let mut epoch = loader.epoch(0, 0).unwrap();
    (0..3).for_each(|_| assert!(epoch.next_batch().unwrap().is_some()));
    let expected = DataError::Panicked { dataset: "echo".into(), message: "sample 37 is a trap".into() };
    for _ in 0..3 {
        assert_eq!(epoch.next_batch(), Err(expected.clone()));
    }
    assert_eq!(loader.epoch(0, 0).map(|_| ()), Err(expected));
}

#[test]
fn impossible_requests_are_errors() {
    let data = echo([100, 0, u32::MAX as usize + 1], Trouble::None);
    let new = |pass, size| Loader::new(Arc::<Echo>::clone(&data), pass, size).map(|_| ());
    assert_eq!(new(Pass::Train { seed: 1 }, 0), Err(DataError::BatchSize));
    assert!(matches!(new(Pass::Evaluate(Split::Test), 10), Err(DataError::TooLarge { .. })));
    let start = train(&data, 1, 10).epoch(0, 11).map(|_| ());
    assert_eq!(start, Err(DataError::Start { batches: 10, first: 11 }));
}

#[test]
fn an_empty_split_has_no_batches_and_a_batch_is_at_most_the_split() {
    let data = echo([100, 0, 0], Trouble::None);
    let mut empty = Loader::new(Arc::<Echo>::clone(&data), Pass::Evaluate(Split::Test), 10).unwrap();
    assert_eq!(batches(&mut empty, 0, 0), []);
    let whole = batches(&mut train(&data, 1, usize::MAX), 0, 0);
    assert_eq!(whole.iter().map(Batch::len).collect::<Vec<_>>(), [100]);
}
