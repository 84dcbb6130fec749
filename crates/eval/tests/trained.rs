//! Attacks, scores and corruptions of a network trained on digits.

mod common;

use rarefy_core::Extent;
use rarefy_data::{Dataset, Split};
use rarefy_eval::attacks::{self, Robustness, Settings, Target};
use rarefy_eval::corruptions::{REGISTRY, SEVERITIES};
use rarefy_eval::{Classifier, Detection, EvalError, Pixels, Temperature, corrupt, ensemble, evaluate};
use rarefy_eval::{images, scores, separation};
use std::sync::Arc;

/// Samples attacked.
const SAMPLES: usize = 120;

/// One training for all: the sections below are laws of the same network.
#[test]
fn a_network_trained_on_digits_obeys_every_law() {
    let trained = common::trained();
    let (mut network, dataset) = (trained.classifier(), Arc::clone(&trained.dataset));
    logits_are_the_classifier_of_the_features(&mut network);
    attacks_fell_it_and_noise_of_the_same_size_does_not(&mut network, &dataset);
    every_attack_stays_in_its_ball_and_repeats(&mut network, &dataset);
    restarts_and_steps_never_help_the_network(&mut network, &mut trained.classifier(), &dataset);
    every_score_tells_noise_from_digits(&mut network, &dataset);
    corruptions_hurt_more_the_stronger_they_are(&mut network, &dataset);
    a_temperature_keeps_accuracy_and_lowers_the_validation_loss(&mut network, &dataset);
    an_ensemble_of_one_is_that_one(&mut network, &dataset);
    what_cannot_be_done_is_refused(&mut network, &dataset);
}

fn first(dataset: &Arc<dyn Dataset>, samples: u32) -> (Vec<f32>, Vec<u32>) {
    let len = dataset.extent().len();
    let mut inputs = vec![0.0; samples as usize * len];
    let labels = (0..samples).zip(inputs.chunks_exact_mut(len));
    let labels =
        labels.map(|(index, image)| dataset.sample(Split::Test, index, None, image).unwrap()).collect();
    (Pixels::of(dataset.as_ref()).restore(&inputs).unwrap(), labels)
}

fn logits_are_the_classifier_of_the_features(network: &mut Classifier) {
    let pixels: Vec<f32> = (0..5 * 64u16).map(|at| f32::from(at % 17) / 16.0).collect();
    let (logits, features) = network.features(&pixels).unwrap();
    assert_eq!(logits, network.logits(&pixels).unwrap());
    assert_eq!((network.feature_len(), features.len()), (32, 5 * 32));
    // Logits are affine in the features: so are they of the mean of all features.
    assert!(features.iter().all(|&feature| feature >= 0.0), "means of a ReLU");
    assert!(features.iter().any(|&feature| feature > 0.0));
}

fn robustness(
    network: &mut Classifier,
    dataset: &Arc<dyn Dataset>,
    name: &str,
    settings: &Settings,
) -> Robustness {
    let attack = attacks::find(name).unwrap();
    attacks::attack(network, None, dataset, Split::Test, SAMPLES, attack, settings, &mut ()).unwrap()
}

fn attacks_fell_it_and_noise_of_the_same_size_does_not(network: &mut Classifier, dataset: &Arc<dyn Dataset>) {
    let sizes = [0.0, 0.05, 0.1, 0.2, 0.3];
    let mut accuracy = |name: &str| -> Vec<f64> {
        let at = |eps| robustness(network, dataset, name, &Settings { eps, ..Settings::default() }).accuracy;
        sizes.map(at).to_vec()
    };
    let (pgd, noise, fgsm) = (accuracy("pgd"), accuracy("noise"), accuracy("fgsm"));
    assert!(pgd[0] > 0.9 && (pgd[0] - noise[0]).abs() < 1e-12, "{pgd:?} {noise:?}");
    assert!(pgd.windows(2).all(|pair| pair[1] <= pair[0] + 0.01), "{pgd:?}");
    assert!(pgd[4] <= 0.02, "{pgd:?}");
    assert!(noise[2] > 0.85 && noise[4] > pgd[4] + 0.3, "{noise:?}");
    // The iterated attack is the stronger one.
    assert!(pgd.iter().zip(&fgsm).all(|(pgd, fgsm)| *pgd <= fgsm + 0.01), "{pgd:?} {fgsm:?}");
}

fn every_attack_stays_in_its_ball_and_repeats(network: &mut Classifier, dataset: &Arc<dyn Dataset>) {
    let (pixels, labels) = first(dataset, 20);
    let settings = Settings { eps: 0.1, steps: 5, restarts: 2, ..Settings::default() };
    for attack in attacks::REGISTRY {
        let target = Target { pixels: &pixels, labels: &labels, first: 0 };
        let attacked = (attack.perturb)(network, &settings, &target).unwrap();
        assert_eq!(attacked, (attack.perturb)(network, &settings, &target).unwrap(), "{}", attack.name);
        for (x, origin) in attacked.iter().zip(&pixels) {
            assert!((0.0..=1.0).contains(x) && (x - origin).abs() <= 0.1 + 1e-6, "{}", attack.name);
        }
        // A sample's attack does not depend on the batch it came in.
        let half = Target { pixels: &pixels[10 * 64..], labels: &labels[10..], first: 10 };
        let rest = (attack.perturb)(network, &settings, &half).unwrap();
        let same = attacked[10 * 64..].iter().zip(&rest).filter(|(a, b)| (*a - *b).abs() < 1e-6).count();
        assert!(same as f64 >= 0.97 * rest.len() as f64, "{}: {same} of {}", attack.name, rest.len());
    }
}

fn restarts_and_steps_never_help_the_network(
    network: &mut Classifier,
    twin: &mut Classifier,
    dataset: &Arc<dyn Dataset>,
) {
    let settings = Settings { eps: 0.08, steps: 5, ..Settings::default() };
    let one = robustness(network, dataset, "pgd", &settings);
    let five = robustness(network, dataset, "pgd", &Settings { restarts: 4, ..settings });
    assert!(five.accuracy <= one.accuracy, "{one:?} {five:?}");
    let attack = attacks::find("pgd").unwrap();
    let transfer =
        attacks::attack(network, Some(twin), dataset, Split::Test, SAMPLES, attack, &settings, &mut ())
            .unwrap();
    // Attacks computed on an equal network are attacks on this one.
    assert_eq!(transfer, one);
}

fn every_score_tells_noise_from_digits(network: &mut Classifier, dataset: &Arc<dyn Dataset>) {
    let detectors: Vec<_> = scores::REGISTRY.iter().collect();
    let mut detection =
        Detection::new(network, dataset, Split::Test, usize::MAX, &detectors, &mut ()).unwrap();
    for set in ["uniform", "gaussian"] {
        let request =
            images::Request { path: None, data_dir: None, count: 100, seed: 1, allow_incomplete: false };
        let mut noise = images::open(set, &request).unwrap();
        let separated = detection.against(network, noise.as_mut(), &mut ()).unwrap();
        assert_eq!(separated.len(), detectors.len());
        for (detector, scored) in separated {
            for measure in separation::REGISTRY {
                let value = (measure.value)(&scored);
                assert!((0.0..=1.0).contains(&value), "{} {}: {value}", detector.name, measure.name);
            }
            let auroc = scored.as_in.area();
            assert!(auroc > 0.75, "{} of {set}: {auroc}", detector.name);
            assert!((auroc - scored.as_out.area()).abs() < 1e-12);
        }
    }
    // Asked for less, it takes the first of either set.
    let mut few = Detection::new(network, dataset, Split::Test, 70, &detectors[..1], &mut ()).unwrap();
    let request =
        images::Request { path: None, data_dir: None, count: 100, seed: 1, allow_incomplete: false };
    for set in ["uniform", "digits"] {
        let mut images = images::open(set, &request).unwrap();
        let separated = few.against(network, images.as_mut(), &mut ()).unwrap();
        assert_eq!(separated[0].1.as_in.totals(), (70, 70), "{set}");
    }
    let none = images::Request { path: None, data_dir: None, count: 0, seed: 1, allow_incomplete: false };
    let mut empty = images::open("uniform", &none).unwrap();
    let error = detection.against(network, empty.as_mut(), &mut ()).err().unwrap().to_string();
    assert!(error.contains("uniform") && error.contains("no samples"), "{error}");
}

fn corruptions_hurt_more_the_stronger_they_are(network: &mut Classifier, dataset: &Arc<dyn Dataset>) {
    let errors = corrupt(network, dataset, Split::Test, 60, 1, &mut ()).unwrap();
    assert_eq!(errors.len(), REGISTRY.len());
    assert!(errors.iter().all(|kind| kind.errors.len() == SEVERITIES));
    let mean =
        |severity: usize| errors.iter().map(|kind| kind.errors[severity]).sum::<f64>() / errors.len() as f64;
    assert!(mean(4) > mean(0) + 0.05, "{errors:?}");
}

fn a_temperature_keeps_accuracy_and_lowers_the_validation_loss(
    network: &mut Classifier,
    dataset: &Arc<dyn Dataset>,
) {
    let before = evaluate(network, dataset, Split::Test, 1.0, &mut ()).unwrap();
    let temperature = Temperature::fit(network, dataset, Split::Test, &mut ()).unwrap();
    let [untouched, fitted] = temperature.fitted.nll;
    assert!(fitted <= untouched && temperature.fitted.value > 0.0, "{temperature:?}");
    assert_eq!(before.get("accuracy"), temperature.after.get("accuracy"));
    assert_eq!(before.confusion, temperature.after.confusion);
}

fn an_ensemble_of_one_is_that_one(network: &mut Classifier, dataset: &Arc<dyn Dataset>) {
    let alone = evaluate(network, dataset, Split::Test, 1.0, &mut ()).unwrap();
    let one = ensemble(&mut [network], dataset, Split::Test, &mut ()).unwrap();
    assert_eq!(alone.confusion, one.confusion);
    for (a, b) in alone.metrics.iter().zip(&one.metrics) {
        assert!((a - b).abs() < 1e-6, "{alone:?} {one:?}");
    }
}

fn what_cannot_be_done_is_refused(network: &mut Classifier, dataset: &Arc<dyn Dataset>) {
    let pgd = attacks::find("pgd").unwrap();
    let settings = |settings: Settings| settings.check().unwrap_err().to_string();
    assert!(settings(Settings { eps: -0.1, ..Settings::default() }).contains("eps must be from 0 to 1"));
    assert!(settings(Settings { eps: f64::NAN, ..Settings::default() }).contains("eps"));
    assert!(settings(Settings { steps: 0, ..Settings::default() }).contains("steps"));
    assert!(settings(Settings { restarts: 0, ..Settings::default() }).contains("restarts"));
    assert!(settings(Settings { step: Some(0.0), ..Settings::default() }).contains("step size"));
    let bad = Settings { eps: 2.0, ..Settings::default() };
    let refused = attacks::attack(network, None, dataset, Split::Test, 1, pgd, &bad, &mut ());
    assert!(matches!(refused, Err(EvalError::Range { .. })));
    let message = |error: EvalError| error.to_string();
    assert!(message(attacks::find("pdg").err().unwrap()).contains("did you mean `pgd`"));
    assert!(message(scores::find("enrgy").err().unwrap()).contains("did you mean `energy`"));
    let request = images::Request { path: None, data_dir: None, count: 1, seed: 1, allow_incomplete: false };
    assert!(message(images::open("unifrom", &request).err().unwrap()).contains("did you mean `uniform`"));
    let nan = vec![f32::NAN; 64];
    assert!(matches!(network.logits(&nan), Err(EvalError::NonFinite { .. })));
    assert!(message(network.logits(&[0.0; 63]).unwrap_err()).contains("expected 64 pixels, found 63"));
    let unvalidated: Arc<dyn Dataset> = Arc::new(Unvalidated(Arc::clone(dataset)));
    let missing = Temperature::fit(network, &unvalidated, Split::Test, &mut ()).unwrap_err();
    assert!(message(missing).contains("`unvalidated` has no validation split"));
    let empty = evaluate(network, &unvalidated, Split::Validation, 1.0, &mut ()).unwrap_err();
    assert!(message(empty).contains("no samples"));
}

/// Data without a validation split.
struct Unvalidated(Arc<dyn Dataset>);

impl Dataset for Unvalidated {
    fn name(&self) -> &str {
        "unvalidated"
    }

    fn extent(&self) -> Extent {
        self.0.extent()
    }

    fn classes(&self) -> usize {
        self.0.classes()
    }

    fn len(&self, split: Split) -> usize {
        if split == Split::Validation { 0 } else { self.0.len(split) }
    }

    fn normalization(&self) -> rarefy_data::Normalization {
        self.0.normalization()
    }

    fn sample(
        &self,
        split: Split,
        index: u32,
        draw: Option<rarefy_data::Draw>,
        image: &mut [f32],
    ) -> Result<u32, rarefy_data::DataError> {
        self.0.sample(split, index, draw, image)
    }
}
