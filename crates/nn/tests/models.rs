//! Networks by name: parameters of the published ones, sizes, names that are none, images that do not suit.

use rarefy_nn::graph::{Extent, Graph, Op, Role};
use rarefy_nn::models::{self, ModelError};

const CIFAR: Extent = Extent { channels: 3, height: 32, width: 32 };

/// Prunable weights, all parameters, and multiply-adds of a 32 x 32 image, for 10 classes; from PyTorch.
const TOTALS: &[(&str, u64, usize, u64)] = &[
    ("cifar_resnet_20_8", 67_992, 68_786, 10_314_048),
    ("cifar_resnet_20_16", 270_896, 272_474, 40_813_184),
    ("cifar_resnet_20_24", 608_712, 611_074, 91_497_408),
    ("cifar_resnet_32", 464_432, 466_906, 69_124_736),
    ("cifar_resnet_44", 657_968, 661_338, 97_436_288),
    ("cifar_resnet_56", 851_504, 855_770, 125_747_840),
    ("cifar_resnet_110", 1_722_416, 1_730_714, 253_149_824),
    ("vgg16_bn_cifar", 14_715_584, 14_724_042, 313_201_664),
];

fn build(name: &str) -> Graph {
    models::build(name, CIFAR, 10).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn prunable_names_and_shapes_are_those_of_the_golden_layer_lists() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/densities.json");
    let golden: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
    for &(name, ..) in TOTALS {
        let found = build(name)
            .prunable()
            .map(|parameter| serde_json::json!([parameter.name, parameter.shape]))
            .collect();
        assert_eq!(golden["models"][name]["layers"], serde_json::Value::Array(found), "{name}");
    }
}

#[test]
fn totals_are_those_of_the_published_networks() {
    for &(name, prunable, all, macs) in TOTALS {
        let graph = build(name);
        let parameters = graph.parameters();
        let found_macs: u64 = graph
            .prunable()
            .map(|parameter| parameter.len() as u64 * graph.macs_per_weight(parameter.node))
            .sum();
        assert_eq!(graph.prunable_len(), prunable, "{name}");
        assert_eq!(parameters.iter().map(|parameter| parameter.len()).sum::<usize>(), all, "{name}");
        assert_eq!(found_macs, macs, "{name}");
        assert_eq!((graph.classes(), graph.input()), (10, CIFAR), "{name}");
    }
}

#[test]
fn vgg_names_count_every_module_of_the_published_list() {
    let graph = build("vgg16");
    let names: Vec<&str> = graph.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
    let first =
        ["feature.0.weight", "feature.1.weight", "feature.1.bias", "feature.3.weight", "feature.4.weight"];
    assert_eq!(names[..5], first);
    let last =
        ["feature.40.weight", "feature.41.weight", "feature.41.bias", "classifier.weight", "classifier.bias"];
    assert_eq!(names[names.len() - 5..], last);
    let norms: Vec<&str> = graph.batch_norms().map(|(_, node)| node.name.as_str()).collect();
    let (convolutions, others): (Vec<_>, Vec<_>) = graph
        .parameters()
        .iter()
        .filter(|parameter| parameter.shape.len() != 2)
        .partition(|p| p.role == Role::Weight);
    // A batch norm is the module after its convolution and has two parameters.
    assert_eq!((convolutions.len(), others.len()), (13, 27));
    for (convolution, norm) in convolutions.iter().zip(norms) {
        let number = |name: &str| name.split('.').nth(1).and_then(|module| module.parse::<usize>().ok());
        assert_eq!(number(&convolution.name).map(|module| module + 1), number(norm));
    }
}

#[test]
fn every_vgg_has_as_many_weighted_layers_as_its_name_says_and_five_pools() {
    for depth in [11, 13, 16, 19] {
        let graph = build(&format!("vgg{depth}"));
        // The published three linear layers are one.
        assert_eq!(graph.prunable().count(), depth - 2);
        let pools = graph.nodes().iter().filter(|node| matches!(node.op, Op::MaxPool(_)));
        let sides: Vec<usize> = pools.map(|node| node.extent.height).collect();
        assert_eq!(sides, [16, 8, 4, 2, 1]);
    }
}

#[test]
fn every_registered_example_builds_and_short_names_are_the_long_ones() {
    for family in models::REGISTRY {
        for example in family.examples {
            assert!(!build(example).parameters().is_empty(), "{example}");
        }
    }
    for (short, long) in [
        ("vgg11", "vgg11_bn_cifar"),
        ("vgg16", "vgg16_bn_cifar"),
        ("vgg19", "vgg19_bn_cifar"),
        ("cifar_resnet_20", "cifar_resnet_20_16"),
    ] {
        assert_eq!(build(short), build(long));
    }
    assert_eq!(build("vgg16").name(), "vgg16_bn_cifar");
    assert_eq!(build("cifar_resnet_20_16").name(), "cifar_resnet_20");
}

#[test]
fn names_of_no_family_are_errors_that_list_the_patterns() {
    for name in [
        "vgg12",
        "vgg",
        "vgg16_bn",
        "vgg16_bn_cifar_2",
        "vgg-16",
        "vgg99999999999999999999",
        "cifar_resnet_21",
        "cifar_resnet_2",
        "cifar_resnet_20_0",
        "cifar_resnet_20_8_8",
        "cifar_resnet_",
        "",
    ] {
        let error = models::build(name, CIFAR, 10).expect_err(name);
        assert!(matches!(error, ModelError::Unknown { .. }), "{name}: {error}");
        let text = error.to_string();
        assert!(text.contains(&format!("`{name}`")) && text.contains("vggDEPTH_bn_cifar"), "{text}");
        assert!(text.contains("cifar_resnet_DEPTH"), "{text}");
    }
}

#[test]
fn vggs_average_what_five_pools_leave_and_refuse_images_of_which_nothing_is_left() {
    let image = |side| Extent { channels: 1, height: side, width: side };
    let large = models::build("vgg11", image(70), 3).expect("two pixels a side are left");
    let average = large.nodes().iter().find(|node| node.op == Op::GlobalAvgPool).expect("an average");
    assert_eq!(large.node(average.inputs[0]).extent, Extent { channels: 512, height: 2, width: 2 });
    assert!(!build("vgg11").nodes().iter().any(|node| node.op == Op::GlobalAvgPool));
    for side in [31, 16, 1] {
        let error = models::build("vgg11", image(side), 3).expect_err("too small");
        assert!(matches!(error, ModelError::Graph { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("vgg11")
                && text.contains("max_pool")
                && text.contains("a 2x2 window does not fit a 1x1 image"),
            "{text}"
        );
    }
}

#[test]
fn graphs_that_cannot_be_meant_are_refused() {
    use rarefy_nn::graph::{GraphBuilder, InitRule};
    const INIT: InitRule = InitRule::Constant { value: 1.0 };
    let builder = || GraphBuilder::new("net", Extent { channels: 1, height: 4, width: 4 });
    let ends = |mut net: GraphBuilder, from| {
        let pool = net.global_avg_pool(from);
        net.linear("fc", pool, 2, INIT, INIT).unwrap();
        net.build().map(|_| ()).map_err(|error| error.to_string())
    };
    let mut sound = builder();
    let conv = sound.conv("conv", sound.input(), 2, 3, 1, 1, INIT).unwrap();
    assert_eq!(ends(sound, conv), Ok(()));
    let mut unread = builder();
    unread.conv("lost", unread.input(), 2, 3, 1, 1, INIT).unwrap();
    let conv = unread.conv("conv", unread.input(), 2, 3, 1, 1, INIT).unwrap();
    assert!(ends(unread, conv).unwrap_err().contains("`lost`: nothing reads it"));
    let mut doubled = builder();
    let first = doubled.conv("conv", doubled.input(), 2, 3, 1, 1, INIT).unwrap();
    let second = doubled.conv("conv", first, 2, 3, 1, 1, INIT).unwrap();
    assert!(ends(doubled, second).unwrap_err().contains("two nodes have this name"));
    let mut other = builder();
    let a = other.conv("a", other.input(), 2, 3, 1, 1, INIT).unwrap();
    let foreign = other.conv("b", a, 2, 3, 1, 1, INIT).unwrap();
    let problem = ends(builder(), foreign).unwrap_err();
    assert!(problem.contains("which this graph has not"), "{problem}");
}
