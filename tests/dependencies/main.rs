//! What the shipped Wasm module is made of.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::process::Command;

/// Returns the packages that the module is built from, each with its versions.
fn packages() -> BTreeMap<String, Vec<String>> {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--package",
            "envoy-cognito-jwt-proxy-wasm",
            "--target",
            "wasm32-wasip1",
        ])
        .args(["--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let mut packages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8(tree.stdout).unwrap().lines() {
        let mut words = line.split(' ');
        let (name, version) = (words.next().unwrap(), words.next().unwrap());
        let versions = packages.entry(name.to_owned()).or_default();
        if !versions.iter().any(|known| known == version) {
            versions.push(version.to_owned());
        }
    }
    packages
}

#[test]
fn the_module_is_built_from_the_libraries_of_the_field() {
    let packages = packages();
    for name in [
        "proxy-wasm",
        "serde",
        "serde_json",
        "jwt-compact",
        "base64",
        "rsa",
        "log",
    ] {
        assert!(packages.contains_key(name), "{name} is missing: {packages:?}");
    }
    assert_eq!(packages["rsa"].len(), 1, "{:?}", packages["rsa"]);
    assert!(!packages.contains_key("crypto-bigint"), "arithmetic is left to rsa");
}
