//! Load a trained network and predict with it: `cargo run --release --example predict -- RUN`, e.g. a folder under `runs/` that
//! `rarefy train` has made.

use rarefy::eval::Classifier;
use rarefy::prelude::*;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let run = std::env::args().nth(1).ok_or("which run? give its folder or a checkpoint")?;
    // The best epoch of a run. A checkpoint says which network it is of, and how pixels became its inputs.
    let trained = Trained::load(Path::new(&run))?;
    let normalization =
        trained.normalization().ok_or("the checkpoint does not say how pixels are normalized")?;
    let graph = trained.graph()?;
    let mut classifier = Classifier::new(graph, trained.checkpoint.store, normalization, 1, 1)?;

    // Ten test images as they are stored: normalized already. `Classifier::logits` takes pixels from 0 to 1 instead.
    let dataset = trained.recipe.ok_or("the checkpoint is of no training run")?.open_data()?;
    let mut image = vec![0.0; dataset.extent().len()];
    for index in 0..10 {
        let label = dataset.sample(Split::Test, index, None, &mut image)?;
        let logits = classifier.logits_of_inputs(&image)?;
        let (class, _) = (0..).zip(&logits).fold((0, f32::NEG_INFINITY), |best, (class, &logit)| {
            if logit > best.1 { (class, logit) } else { best }
        });
        println!("image {index}: predicted {class}, labelled {label}");
    }
    Ok(())
}
