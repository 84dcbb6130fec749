//! Time of the input pipeline: `cargo run --release -p rarefy-data --example pipeline -- [NAME] [BATCH]`, for a data set that
//! is in the data directory (`RAREFY_DATA`). One thread makes augmented batches; a table line for each of a few epochs.

use rarefy_data::{Loader, Options, Pass, open};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "cifar10".into());
    let batch_size = arguments.next().map_or(Ok(128), |size| size.parse())?;
    let since = Instant::now();
    let data = open(&name, &Options::default())?;
    println!("{name}: opened and checked in {:.2} s", since.elapsed().as_secs_f64());
    let mut loader = Loader::new(data, Pass::Train { seed: 1 }, batch_size)?;
    for epoch in 0..3 {
        let (since, mut batches, mut sum) = (Instant::now(), 0, 0.0);
        let mut pass = loader.epoch(epoch, 0)?;
        while let Some(batch) = pass.next_batch()? {
            batches += 1;
            sum += batch.images.first().copied().unwrap_or(0.0);
        }
        let millis = since.elapsed().as_secs_f64() * 1e3 / f64::from(batches);
        println!("epoch {epoch}: {batches} batches of {batch_size}, {millis:.3} ms each (check {sum:.3})");
    }
    Ok(())
}
