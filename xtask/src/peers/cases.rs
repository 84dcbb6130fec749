//! What is compared, and how much faster rarefy wants to be.

/// Cases that share the peer's measurement.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// Training steps or evaluations of whole networks.
    Network(Network),
    /// One 3x3 convolution from as many channels to as many, forward and backward.
    Layer(Layer),
}

pub(super) struct Network {
    pub(super) model: &'static str,
    pub(super) threads: usize,
    /// Evaluation instead of training.
    pub(super) eval: bool,
    pub(super) cases: &'static [Case],
}

/// One way to run a network in rarefy.
pub(super) struct Case {
    pub(super) label: &'static str,
    pub(super) flags: &'static [&'static str],
    /// Ratio of times that must be reached, and that is hoped for.
    pub(super) least: f64,
    pub(super) stretch: f64,
}

pub(super) struct Layer {
    pub(super) channels: usize,
    pub(super) size: usize,
    /// SparseProp's best kernel at each of [`DENSITIES`], least milliseconds on 2 cores of an AMD Zen 3 (AVX2): shown where
    /// it is not installed.
    pub(super) quoted: [f64; DENSITIES.len()],
}

/// Of the single layers.
pub(super) const DENSITIES: [f64; 5] = [0.2, 0.1, 0.05, 0.02, 0.01];

/// Ratio that a single layer must reach.
pub(super) fn least_of_layer(density: f64) -> f64 {
    if density >= 0.2 { 1.5 } else { 2.0 }
}

const ERK: &[&str] = &["--density", "0.05"];

const fn network(model: &'static str, threads: usize, cases: &'static [Case]) -> Kind {
    Kind::Network(Network { model, threads, eval: false, cases })
}

const fn case(label: &'static str, flags: &'static [&'static str], least: f64, stretch: f64) -> Case {
    Case { label, flags, least, stretch }
}

const fn layer(channels: usize, size: usize, quoted: [f64; DENSITIES.len()]) -> Kind {
    Kind::Layer(Layer { channels, size, quoted })
}

/// Everything, in the order of the tables.
pub(super) const GROUPS: &[Group] = &[
    Group {
        name: "resnet20",
        kind: network(
            "cifar_resnet_20",
            2,
            &[
                case("ERK 0.05", ERK, 4.0, 6.0),
                case("ERK 0.05, block:4x4", &["--density", "0.05", "--pattern", "block:4x4"], 5.0, 8.0),
                case("ERK 0.05, norm-batch 32", &["--density", "0.05", "--norm-batch", "32"], 4.5, 7.0),
                case("ERK 0.10", &["--density", "0.1"], 3.0, 4.0),
                case("ERK 0.20", &["--density", "0.2"], 2.0, 3.0),
                case("dense", &["--density", "1"], 1.3, 1.7),
            ],
        ),
    },
    Group { name: "resnet20w32", kind: network("cifar_resnet_20_32", 2, &[case("ERK 0.05", ERK, 5.0, 8.0)]) },
    Group { name: "resnet56", kind: network("cifar_resnet_56", 2, &[case("ERK 0.05", ERK, 4.5, 6.0)]) },
    Group { name: "vgg16", kind: network("vgg16", 2, &[case("ERK 0.05", ERK, 5.0, 7.0)]) },
    Group {
        name: "eval",
        kind: Kind::Network(Network {
            model: "cifar_resnet_20",
            threads: 2,
            eval: true,
            cases: &[case("ERK 0.05", ERK, 5.0, 8.0)],
        }),
    },
    Group { name: "thread1", kind: network("cifar_resnet_20", 1, &[case("ERK 0.05", ERK, 4.5, 6.0)]) },
    Group { name: "layer16", kind: layer(16, 32, [21.3, 15.9, 8.6, 5.5, 5.0]) },
    Group { name: "layer32", kind: layer(32, 16, [24.2, 15.0, 11.8, 6.5, 4.8]) },
    Group { name: "layer64", kind: layer(64, 8, [20.4, 11.6, 7.1, 5.2, 5.2]) },
    Group { name: "layer128", kind: layer(128, 32, [1483.0, 799.0, 401.0, 176.0, 104.0]) },
    Group { name: "layer256", kind: layer(256, 16, [1530.0, 964.0, 564.0, 250.0, 181.0]) },
    Group { name: "layer512", kind: layer(512, 8, [1328.0, 734.0, 319.0, 189.0, 114.0]) },
];

/// The groups called `names`; `steps` and `layers` are all of a kind, no name is everything.
pub(super) fn choose(names: &[String]) -> Result<Vec<&'static Group>, String> {
    let is = |group: &Group, name: &str| match name {
        "steps" => matches!(group.kind, Kind::Network(_)),
        "layers" => matches!(group.kind, Kind::Layer(_)),
        _ => group.name == name,
    };
    if let Some(unknown) = names.iter().find(|name| !GROUPS.iter().any(|group| is(group, name))) {
        let known: Vec<_> = GROUPS.iter().map(|group| group.name).collect();
        return Err(format!("there is no group `{unknown}`; groups are steps, layers, {}", known.join(", ")));
    }
    let wanted = |group: &&Group| names.is_empty() || names.iter().any(|name| is(group, name));
    Ok(GROUPS.iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str]) -> Result<Vec<&'static str>, String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(choose(&names)?.iter().map(|group| group.name).collect())
    }

    #[test]
    fn groups_are_chosen_by_name_or_kind_in_the_order_of_the_tables() {
        assert_eq!(chosen(&[]).unwrap().len(), GROUPS.len());
        assert_eq!(chosen(&["layer32", "eval"]).unwrap(), ["eval", "layer32"]);
        let (steps, layers) = (chosen(&["steps"]).unwrap(), chosen(&["layers"]).unwrap());
        assert_eq!((steps.len() + layers.len(), layers.len()), (GROUPS.len(), 6));
        assert!(chosen(&["resnet"]).unwrap_err().contains("resnet20, resnet20w32"));
    }

    #[test]
    fn hopes_are_above_demands() {
        for group in GROUPS {
            if let Kind::Network(network) = &group.kind {
                assert!(network.cases.iter().all(|case| case.stretch > case.least && case.least > 1.0));
            }
        }
    }
}
